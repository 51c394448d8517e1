import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DynamoDbPolicyStore } from '../../src/adapters/dynamodb/policy-store.ts';
import type { Policy } from '../../src/domain/access/policy.ts';
import { authorization } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { FlagSocketClient } from '../helpers/flag-socket-client.ts';
import type { HttpAnswer, HttpRequest, Send } from '../helpers/http.ts';
import { type HttpService, httpService } from '../helpers/http-service.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { readStream } from '../helpers/stream-records.ts';
import { accessParityScenarios } from '../scenarios/parity/access.ts';
import { flagsParityScenarios } from '../scenarios/parity/flags.ts';
import { limitsParityScenarios } from '../scenarios/parity/limits.ts';
import { play } from '../scenarios/play.ts';
import { votesScenarios } from '../scenarios/votes.ts';
import { clientOptions, DeployedStack } from './deployed-stack.ts';
import { Deployment } from './deployment.ts';
import { playMapping } from './event-source-mapping.ts';
import { DONE_BEFORE } from './first-release.ts';
import {
  missing,
  type Need,
  needsOf,
  needsOfLambda,
  type Permission,
  type PolicyDocument,
  permissionsIn,
  superfluous,
} from './least-privilege.ts';
import { ACCOUNT, type MiniStack, ROOT } from './ministack.ts';
import { INSTALLATION_MS } from './python-environment.ts';
import type { Sam } from './sam.ts';

let aws: MiniStack;
let sam: Sam;
let stack: DeployedStack;
let parameters: Readonly<Record<string, string>>;
let send: Send;
/** Roles by the access keys of their calls. */
const callers = new Map<string, string>();

/** A time as the table sorts it. */
const sortable = (time: number): string => String(time).padStart(15, '0');
const SMS: HttpRequest = {
  method: 'POST',
  url: '/webhooks/twilio/sms',
  body: new URLSearchParams({ MessageSid: 'SM0', From: '+15005550001', To: '+15005550006', Body: 'red' }),
};

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start();
  ({ aws, sam, stack, parameters, send } = deployment);
  // The first sweep of tasks lists all queues, which the roles have to allow; later ones know those that are active.
  expect((await send({ method: 'PUT', url: '/queues/mail', headers: authorization, body: {} })).status).toBe(200);
}, INSTALLATION_MS);
afterAll(() => deployment?.stop());

describe('the deployed stack', () => {
  const vote = (pollId: string, voteId: string): Promise<HttpAnswer> =>
    send({ method: 'POST', url: `/polls/${pollId}/votes`, body: { choice: 'RED', voteId } });
  const createPoll = (fields: object): Promise<HttpAnswer> => {
    const body = { question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'], ...fields };
    return send({ method: 'POST', url: '/polls', headers: authorization, body });
  };
  const queueNames = async (): Promise<string[]> => {
    const { body } = await send({ method: 'GET', url: '/queues', headers: authorization });
    return (JSON.parse(body).queues as { queue: string }[]).map(({ queue }) => queue).sort();
  };
  const text = (MessageSid: string, Body: string, To = '+15005550006'): Promise<HttpAnswer> => {
    const body = new URLSearchParams({ MessageSid, From: '+15005550001', To, Body });
    return send({ method: 'POST', url: '/webhooks/twilio/sms', body });
  };
  const get = async <Body>(url: string): Promise<Body> => JSON.parse((await send({ url })).body) as Body;
  /** Votes of the first choice, GREEN and BLUE. */
  const tally = async (pollId: string): Promise<number[]> => {
    const { choices } = await get<{ choices: { votes: number }[] }>(`/polls/${pollId}/results`);
    return choices.map(({ votes }) => votes);
  };
  const tallied = (pollId: string, counts: readonly number[]): Promise<number[]> =>
    eventually(
      () => tally(pollId),
      (found) => found.join() === counts.join(),
      20_000,
    );

  /** As a global table brings a closed shard of another region, and as a count leaves its progress when it is cut off. */
  const votesElsewhere = async (pollId: string): Promise<void> => {
    const put = (Item: object) =>
      stack.tables.send(new PutCommand({ TableName: stack.nameOf('VotesTable'), Item: { ...Item } }));
    const counts = { 0: 0 };
    await put({ pk: `COUNT#${pollId}#${ROOT.AWS_REGION}`, sk: 'COUNT', counts });
    const shard = { pollId, region: 'us-east-1', shard: 0, v0: 1, ballots: 1, closed: 1, lastVoteAt: Date.now() };
    await put({ pk: `SHARD#${pollId}#us-east-1#0`, sk: 'SHARD', kind: 'shard', version: 2, ...shard });
    const Key = { pk: `TALLY#${pollId}`, sk: 'TALLY' };
    const read = new GetCommand({ TableName: stack.nameOf('TalliesTable'), Key });
    await eventually(async () => (await stack.tables.send(read)).Item !== undefined, Boolean, 20_000);
  };

  it('was updated from the first release: its data is there, counted and of use', async () => {
    for (const table of deployment.before.namesOf('AWS::DynamoDB::Table'))
      expect([table, stack.nameOf(table)]).toEqual([table, deployment.before.nameOf(table)]);
    expect(await get('/polls/past')).toMatchObject({ status: 'closed', choices: ['RED', 'GREEN', 'BLUE'] });
    expect(await get('/polls/past/results')).toMatchObject({ total: 4, status: 'closed' });
    expect(await tally('past')).toEqual([3, 1, 0]);
    expect((await vote('left-open', 'late')).status).toBe(409);
    expect(await tally('left-open')).toEqual([0, 0, 1]);
    expect(await get('/stock/OLD')).toMatchObject({ value: '97.00', currency: 'EUR' });

    const asAdmin = async (method: string, url: string, body?: object) => {
      const answer = await send({ method, url, headers: authorization, body });
      return answer.body === '' ? answer.status : JSON.parse(answer.body);
    };
    expect(await asAdmin('GET', `/tasks/${DONE_BEFORE}`)).toMatchObject({ status: 'SUCCESS', result: 'sent' });
    expect(await asAdmin('GET', '/queues/old-mail')).toMatchObject({ pending: 1, counters: { enqueued: 2 } });
    const { tasks } = await asAdmin('POST', '/queues/old-mail/claims', {});
    expect(tasks).toMatchObject([{ payload: { to: 'first' }, attempt: 1 }]);
    const { taskId, fence } = tasks[0];
    expect(await asAdmin('POST', `/tasks/${taskId}/complete`, { fence })).toMatchObject({ status: 'SUCCESS' });
    for (const url of ['/queues/old-mail', '/stock/OLD']) expect(await asAdmin('DELETE', url)).toBe(204);
  });

  it('counts votes by signed SMS and by JSON, and the tally arrives by the stream', async () => {
    expect((await createPoll({ pollId: 'colors' })).status).toBe(201);
    // For the sweep, which comes once a minute.
    const closesAt = new Date(Date.now() + 1_000);
    expect((await createPoll({ pollId: 'due', closesAt })).status).toBe(201);

    for (const id of ['a', 'b', 'b']) expect((await vote('colors', id)).status).toBe(201);
    for (const id of ['SM1', 'SM2', 'SM1']) expect((await text(id, ' green ')).body).toContain('<Message>');
    expect((await stack.send({ ...SMS, headers: { 'x-twilio-signature': 'forged' } })).status).toBe(403);
    await tallied('colors', [2, 2, 0]);
  });

  it('plays every scenario of votes', async () => {
    const conforms = conformanceTo(await get('/openapi.json'));

    for (const scenario of votesScenarios) await play(scenario, send, conforms);
  }, 300_000);

  it('shows what was said beside a vote to who has its link', async () => {
    const voteId = 'mail-7-reader-4711-2b9c';
    await createPoll({ pollId: 'letter', questions: [{ id: 'why', text: 'Why?' }] });
    expect((await vote('letter', voteId)).status).toBe(201);
    const answers = { why: 'The examples.' };
    const said = await send({ method: 'PUT', url: `/polls/letter/votes/${voteId}/answers`, body: { answers } });
    expect(said.status).toBe(200);

    expect((await send({ url: `/vote/letter?v=${voteId}` })).body).toContain(answers.why);
  });

  it('lists polls, closes them with an audit of votes that no tally has yet, and recounts', async () => {
    const closesAt = new Date(Date.now() + 5_000);
    const post = async (path: string) =>
      JSON.parse((await send({ method: 'POST', url: `/polls/audited/${path}`, headers: authorization })).body);
    await createPoll({ pollId: 'audited', closesAt });
    await stack.withoutMapping('VotesStreamFunction', async () => {
      await vote('audited', 'a');

      expect(await post('close')).toMatchObject({ audit: { ballots: 1, shards: 1, tally: 1, drift: 0 } });
    });
    expect((await get<{ polls: object[] }>('/polls')).polls[0]).toMatchObject({ pollId: 'audited', status: 'closed' });
    expect(await post('recount')).toEqual({ before: 1, after: 1, drift: 0 });

    // As if whoever closed it had died before it took the poll off the list of those to be closed: the sweep has to.
    const Item = { pk: 'DUE', sk: `${sortable(closesAt.getTime())}#audited` };
    await stack.tables.send(new PutCommand({ TableName: stack.nameOf('TalliesTable'), Item }));
  });

  it('audits a poll with votes of another region, where another count was held up', async () => {
    for (const pollId of ['apart', 'apart-due']) await votesElsewhere(pollId);
    await createPoll({ pollId: 'apart', voterLimit: 'one' });
    // For the sweep.
    await createPoll({ pollId: 'apart-due', voterLimit: 'one', closesAt: new Date(Date.now() + 1_000) });

    const closed = await send({ method: 'POST', url: '/polls/apart/close', headers: authorization });
    expect(JSON.parse(closed.body)).toMatchObject({ final: true, audit: { ballots: 0, tally: 0, doubleVoters: 0 } });
    expect(await tally('apart')).toEqual([1, 0, 0]);
  });

  it('values stocks at the rates of the source that it was given', async () => {
    const put = (value: string) => send({ method: 'PUT', url: '/stock/AMZN', headers: authorization, body: { value } });
    expect((await put('90.00')).status).toBe(201);
    expect((await put('97.00')).status).toBe(200);
    const gone = { url: '/stock/GONE.A', headers: authorization };
    expect((await send({ ...gone, method: 'PUT', body: { value: '1' } })).status).toBe(201);
    expect((await send({ ...gone, method: 'DELETE' })).status).toBe(204);

    expect(await get('/stock/AMZN?currencies=USD,JPY')).toMatchObject({
      values: { EUR: '97.00', USD: '105.29', JPY: '17974' },
      rates: { base: 'EUR', source: 'frankfurter', stale: false },
    });
    expect(await get('/stock')).toMatchObject({ stocks: [{ stock: 'AMZN', value: '97.00', currency: 'EUR' }] });
    expect(await get('/rates?currencies=KWD')).toMatchObject({ rates: { KWD: '0.330000000001' } });
  });

  it('plays the scenarios of access, limits and flags, and lists what is there', async () => {
    const conforms = conformanceTo(await get('/openapi.json'));

    for (const scenario of [...accessParityScenarios, ...limitsParityScenarios, ...flagsParityScenarios])
      await play(scenario, send, conforms, 'deployed stack');
    for (const url of ['/policies', '/limits', '/flag-sets'])
      expect((await send({ url, headers: authorization })).status).toBe(200);
  });

  it('notes that a policy is in force later, after a process stood still while it changed it', async () => {
    const put = {
      method: 'PUT',
      url: '/policies/group:slow',
      headers: authorization,
      body: { allow: ['GET /queues'] },
    };
    expect((await send(put)).status).toBe(200);
    // No request makes a process stand still: what it would call then is called here, with its rights.
    const credentials = await stack.credentialsOf('ApiRole');
    callers.set(credentials.accessKeyId, 'ApiRole');
    const client = DynamoDBDocumentClient.from(
      new DynamoDBClient({ ...clientOptions(aws.recorder.endpoint), credentials }),
    );
    const store = new DynamoDbPolicyStore(client, stack.nameOf('PoliciesTable'));
    const policy = (await store.get('group:slow')) as Policy;

    await store.postpone({ ...policy, effectiveBy: policy.effectiveBy + 1_000 });

    expect(await store.get('group:slow')).toEqual({ ...policy, effectiveBy: policy.effectiveBy + 1_000 });
    client.destroy();
  });

  it('counts the takes of a limit, those of processes that are gone too, until the limit is made anew', async () => {
    const url = '/limits/counted';
    const request = async (method: string, path = '', body?: object, headers = {}) => {
      const answer = await send({ method, url: `${url}${path}`, headers: { ...authorization, ...headers }, body });
      return { status: answer.status, ...JSON.parse(answer.body) };
    };
    const take = (id: string) => request('POST', '/takes', { key: 'a' }, { 'idempotency-key': id });
    const limit = { rate: { requests: 1, perSeconds: 3_600, burst: 1 } };
    expect(await request('PUT', '', limit)).toMatchObject({ status: 201 });
    expect(await take('first')).toMatchObject({ allowed: true });
    expect(await take('second')).toMatchObject({ allowed: false });

    const Key = { pk: 'COUNTS#counted', sk: 'of-a-process-that-is-gone' };
    const counts = { at: Date.now() - 86_400_000, allowed: 5, refused: 2, degraded: 0 };
    const TableName = stack.nameOf('LimitsTable');
    await stack.tables.send(new PutCommand({ TableName, Item: { ...Key, ...counts } }));
    // Whoever reads counts adds up those of processes that are gone, at most once a second.
    const found = await eventually(
      async () => ({
        ...(await request('GET')),
        isThere: (await stack.tables.send(new GetCommand({ TableName, Key }))).Item !== undefined,
      }),
      ({ allowed, refused, isThere }) => allowed === 6 && refused === 3 && !isThere,
      20_000,
    );
    expect(found).toMatchObject({ allowed: 6, refused: 3, isThere: false });

    expect(await request('DELETE')).toMatchObject({ status: 200 });
    expect(await request('PUT', '', limit)).toMatchObject({ status: 201 });
    expect(await request('GET')).toMatchObject({ allowed: 0, refused: 0 });
  });

  describe('runs tasks', () => {
    let service: HttpService;
    let runner: object;
    let answer = async (): Promise<void> => undefined;
    const order = () => service.calls.map(({ body }) => JSON.parse(body).payload);
    const admin = async (method: string, url: string, body?: object) => {
      const answer = await send({ method, url, headers: authorization, body });
      expect({ status: answer.status, body: answer.body }).toMatchObject({
        status: method === 'POST' && /tasks$/.test(url) ? 201 : 200,
      });
      return JSON.parse(answer.body);
    };
    const enqueue = async (queue: string, task: object): Promise<string> =>
      (await admin('POST', `/queues/${queue}/tasks`, task)).taskId;
    /** @param since it has worked since then, epoch ms */
    const processorIsIdle = (since = 0) => {
      const Key = { pk: 'PROCESSOR', sk: 'LEASE' };
      const lease = new GetCommand({ TableName: stack.nameOf('QueuesTable'), Key });
      return eventually(
        async () => (await stack.tables.send(lease)).Item?.until as number,
        (until) => until > since && until <= Date.now(),
        35_000,
      );
    };
    const statusBecomes = (taskId: string, status: string) =>
      eventually(
        () => admin('GET', `/tasks/${taskId}`),
        (task) => task.status === status,
        90_000,
      );

    beforeAll(async () => {
      service = await httpService(async (_, response) => {
        await answer();
        response.end('"done"');
      });
      runner = { url: service.url, timeoutMs: 5_000, concurrency: 1 };
    });
    beforeEach(() => {
      service.calls.length = 0;
    });
    afterAll(() => service.close());

    it('newest first, against an HTTP service', async () => {
      await admin('PUT', '/queues/mail', { runner });
      let goOn = (): void => undefined;
      const allAreEnqueued = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      answer = async () => allAreEnqueued;
      await enqueue('mail', { payload: 'busy' });
      await eventually(order, ({ length }) => length === 1, 70_000);
      const taskIds = [];
      for (const payload of ['first', 'second', 'third']) taskIds.push(await enqueue('mail', { payload }));
      goOn();

      await eventually(order, ({ length }) => length === 4, 20_000);
      expect(order()).toEqual(['busy', 'third', 'second', 'first']);
      for (const taskId of taskIds) await statusBecomes(taskId, 'SUCCESS');
      expect(await admin('GET', `/tasks/${taskIds[0]}`)).toMatchObject({ attempt: 1, result: 'done' });
    });

    it('tells a service of feedback, and of what is said later', async () => {
      const voteId = 'mail-8-reader-4711-2b9c';
      const notify = { url: service.url, quietSeconds: 5, maxSeconds: 60 };
      const poll = await createPoll({ pollId: 'told-by-post', questions: [{ id: 'why', text: 'Why?' }], notify });
      expect(poll).toMatchObject({ status: 201 });
      expect(await vote('told-by-post', voteId)).toMatchObject({ status: 201 });
      const told = () => service.calls.map(({ body }) => JSON.parse(body).revision);
      await eventually(told, (revisions) => revisions.length === 1, 90_000);

      const path = `/polls/told-by-post/votes/${voteId}/answers`;
      expect((await send({ method: 'PUT', url: path, body: { answers: { why: 'That.' } } })).status).toBe(200);
      await eventually(told, (revisions) => revisions.length === 2, 90_000);
      expect(told()).toEqual([0, 1]);
    });

    it('on and on, as the processor calls itself when its time is over', async () => {
      // The emulator kills a function at work when its settings change, and its lease would stay.
      await processorIsIdle();
      // Of this the processor keeps a minute to itself.
      await stack.limitTime('TasksProcessorFunction', 61);
      await enqueue('mail', { payload: 'later', delaySeconds: 4 });
      await enqueue('mail', { payload: 'now' });

      await eventually(order, ({ length }) => length === 2, 30_000);
      expect(order()).toEqual(['now', 'later']);
      const rounds = aws.recorder.calls.flatMap(({ operation, input }) =>
        operation === 'Publish' ? [JSON.parse(String(input.Message)).round] : [],
      );
      expect(Math.max(...rounds)).toBeGreaterThan(1);
      await processorIsIdle();
      await stack.limitTime('TasksProcessorFunction', 900);
    });

    it('with workers from outside, and redrives the dead letters', async () => {
      const taskId = await enqueue('outside', { payload: 1 });
      const claim = async (): Promise<string> => (await admin('POST', '/queues/outside/claims', {})).tasks[0].fence;
      const tell = async (what: string, body: object) => (await admin('POST', `/tasks/${taskId}/${what}`, body)).status;

      const fence = await claim();
      await tell('heartbeat', { fence });
      expect(await tell('fail', { fence, error: 'no paper', retry: false })).toBe('FAILURE');
      expect(await admin('GET', '/queues/outside/tasks?status=FAILURE')).toMatchObject({ tasks: [{ taskId }] });
      expect(await tell('redrive', {})).toBe('PENDING');
      expect(await tell('release', { fence: await claim() })).toBe('PENDING');
      expect(await tell('fail', { fence: await claim(), error: 'no ink', retry: false })).toBe('FAILURE');
      expect(await admin('POST', '/queues/outside/redrive')).toEqual({ redriven: 1 });
      expect(await tell('complete', { fence: await claim(), result: 2 })).toBe('SUCCESS');
      expect(await admin('GET', '/queues/outside')).toMatchObject({ pending: 0, taken: 0, deadLetters: 0 });
      expect(await queueNames()).toEqual(['feedback-url', 'mail', 'outside']);
      await processorIsIdle();
    });

    it('until their queue is paused, emptied and deleted', async () => {
      // With so little room the others have to be told of each task.
      await admin('PUT', '/queues/passing', { maxPending: 2 });
      await enqueue('passing', { payload: 1, delaySeconds: 3_600 });
      expect(await admin('POST', '/queues/passing/pause')).toMatchObject({ paused: true, pending: 1 });
      for (const status of ['PENDING', 'CANCELLED'])
        expect(await admin('DELETE', `/queues/passing/tasks?status=${status}`)).toEqual({ removed: 1 });
      const answer = await send({ method: 'DELETE', url: '/queues/passing', headers: authorization });
      expect([answer.status, answer.body]).toEqual([204, '']);
      expect(await queueNames()).not.toContain('passing');
    });

    it('one at a time while their service is away, which all who work on the queue are told', async () => {
      // Nobody listens there.
      await admin('PUT', '/queues/away', { order: 'adaptive', runner: { ...runner, url: 'http://127.0.0.1:9/' } });
      const taskIds = [];
      for (const payload of [1, 2, 3, 4, 5, 6]) taskIds.push(await enqueue('away', { payload }));
      await eventually(
        () => admin('GET', '/queues/away'),
        ({ breaker }) => breaker === 'open',
        70_000,
      );
      for (const taskId of taskIds) await admin('POST', `/tasks/${taskId}/cancel`);
      expect((await send({ method: 'DELETE', url: '/queues/away', headers: authorization })).status).toBe(204);
    });

    it('and are counted once, what is long past with them', async () => {
      const Key = { pk: 'QUEUE#mail', sk: 'COUNTS#of-a-shard-that-is-gone' };
      const longAgo = { position: '1', at: Date.now() - 3 * 86_400_000, done: {}, by: {} };
      const counts = { enqueued: 7, succeeded: 7, failed: 0, shed: 0, cancelled: 0, redriven: 0, refused: 0, taken: 0 };
      const TableName = stack.nameOf('QueuesTable');
      await stack.tables.send(new PutCommand({ TableName, Item: { ...Key, ...longAgo, ...counts } }));
      // For the sweep, which comes once a minute.
      await eventually(
        async () => (await stack.tables.send(new GetCommand({ TableName, Key }))).Item,
        (item) => item === undefined,
        70_000,
      );
      // Beside those of long ago, the six of the tests above.
      await eventually(
        async () => (await admin('GET', '/queues/mail')).counters,
        ({ enqueued, succeeded }) => enqueued === 13 && succeeded === 13,
      );
    });

    it('whose wake-up is lost, and sheds those that are too late, by its schedule', async () => {
      await stack.withoutMapping('TasksStreamFunction', async () => {
        const late = await enqueue('outside', { payload: 1, expiresInSeconds: 1 });
        const waiting = await enqueue('mail', { payload: 'waited' });

        await statusBecomes(late, 'SHED');
        await statusBecomes(waiting, 'SUCCESS');
      });
    });
  });

  it('puts a poison record aside and folds the good ones around it', async () => {
    const poison = { pk: 'SHARD#colors#eu-west-1#poison', sk: 'SHARD', kind: 'shard', version: 2, v0: 'many' };
    const [red = 0, ...others] = await tally('colors');
    await stack.withoutMapping('VotesStreamFunction', async () => {
      expect((await vote('colors', 'before the poison')).status).toBe(201);
      await stack.tables.send(new PutCommand({ TableName: stack.nameOf('VotesTable'), Item: poison }));
      expect((await vote('colors', 'after the poison')).status).toBe(201);

      callers.set(await playMapping(aws, stack, 'VotesStreamFunction'), 'VotesStreamRole');

      expect(await tally('colors')).toEqual([red + 2, ...others]);
    });
    const sqs = new SQSClient(clientOptions(aws.endpoint));
    const QueueUrl = stack.nameOf('VotesFailureQueue');
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    expect(Messages).toHaveLength(1);
    const { startSequenceNumber } = JSON.parse(Messages[0]?.Body as string).DDBStreamBatchInfo;
    const streams = new DynamoDBStreamsClient(clientOptions(aws.endpoint));
    const records = await readStream(stack.tables, streams, stack.nameOf('VotesTable'));
    const aside = records.find(({ dynamodb }) => dynamodb?.SequenceNumber === startSequenceNumber);
    expect(aside?.dynamodb?.NewImage).toMatchObject({ pk: { S: poison.pk }, v0: { S: 'many' } });
  });

  it('tells clients of flags what changes over sockets, and lets go of those who are gone or may not listen', async () => {
    const stage = `_aws/execute-api/${stack.nameOf('SocketApi')}/v1`;
    // The real address of the API is that of a service of AWS.
    for (const name of ['FlagsSocketFunction', 'FlagsStreamFunction', 'FlagsSweepFunction'])
      await stack.set(name, 'SOCKET_CONNECTIONS_URL', `${aws.recorder.endpoint}/${stage}`);
    const admin = async (method: string, path: string, body: object) => {
      const answer = await send({ method, url: `/flag-sets${path}`, headers: authorization, body });
      expect({ status: answer.status, body: answer.body }).toMatchObject({ status: expect.closeTo(200, -1) });
      return JSON.parse(answer.body);
    };
    const put = async (key: string, rules: object[] = []): Promise<number> => {
      const flag = { type: 'boolean', variants: { on: true, off: false }, defaultVariant: 'off', state: 'ENABLED' };
      return (await admin('PUT', `/live/flags/${key}`, { ...flag, rules })).revision;
    };
    const address = async (ticket?: string) => {
      ticket ??= (await admin('POST', '/live/tickets', { for: 'socket' })).ticket;
      return `ws://127.0.0.1:${aws.port}/${stage}?set=live&ticket=${ticket}`;
    };
    // The emulator answers without the protocol that a client names, which no client accepts.
    const connect = (url: string) => FlagSocketClient.connect(url, { plan: 'pro' }, { protocols: [] });
    const subscribers = async () => {
      const KeyConditionExpression = 'pk = :pk';
      const ExpressionAttributeValues = { ':pk': 'SUBSCRIBERS#live' };
      const TableName = stack.nameOf('FlagsTable');
      const query = new QueryCommand({ TableName, KeyConditionExpression, ExpressionAttributeValues });
      return (await stack.tables.send(query)).Count ?? 0;
    };
    /** One whose end nobody was told of, and one that has lost its right. */
    const putStrangers = async () => {
      for (const [connectionId, subject] of [
        ['gone', 'key:admin'],
        ['unwanted', 'group:nobody'],
      ]) {
        const subscriber = { connectionId, setId: 'live', owner: { subjects: [subject] }, context: '{}', contextId: 0 };
        const Item = { pk: 'SUBSCRIBERS#live', sk: connectionId, ...subscriber };
        await stack.tables.send(new PutCommand({ TableName: stack.nameOf('FlagsTable'), Item }));
      }
    };
    const areOne = () => eventually(subscribers, (count) => count === 1, 20_000);

    await admin('POST', '', { setId: 'live' });
    await put('a');
    await expect(connect(await address('guessed'))).rejects.toThrow();
    const url = await address();
    const client = await connect(url);
    await client.reaches(1, 20_000);
    expect(client.messages).toMatchObject([{ type: 'state', aliveSeconds: 60, flags: [{ key: 'a', value: false }] }]);
    await expect(connect(url)).rejects.toThrow();

    await putStrangers();
    await put('a', [{ if: [{ attribute: 'plan', op: 'in', values: ['pro'] }], serve: 'on' }]);
    await client.reaches(2, 20_000);
    expect(client.messages[1]).toMatchObject({ type: 'change', from: 1, to: 2, flags: [{ key: 'a', value: true }] });
    await areOne();
    await putStrangers();
    await stack.invoke('FlagsSweepFunction', {});
    await areOne();
    await eventually(
      () => client.messages.at(-1),
      (message) => message?.type === 'alive',
    );

    const hasMadeRevision = (role: string): boolean =>
      aws.recorder.calls.some(
        ({ operation, accessKeyId }) =>
          operation === 'TransactWriteItems' && stack.rolesByAccessKey().get(accessKeyId) === role,
      );
    // A sweep of the schedule may be the first to notice that a time has come.
    for (const [role, notice] of [
      ['FlagsSocketRole', async () => client.say({ type: 'resync' })],
      ['FlagsSweepRole', () => stack.invoke('FlagsSweepFunction', {})],
    ] as const)
      for (let attempt = 0; attempt < 5 && !hasMadeRevision(role); attempt++) {
        const turn = Date.now() + 1_500;
        const revision = await put('timed', [
          { if: [{ attribute: 'now', op: 'after', values: [new Date(turn).toISOString()] }], serve: 'on' },
        ]);
        await eventually(
          () => Date.now(),
          (now) => now > turn + 250,
        );
        await notice();
        await client.reaches(revision + 1, 20_000);
      }
    expect(client.client.values.get('timed')).toMatchObject({ value: true });

    const rude = await connect(await address());
    rude.socket.send('nonsense');
    await eventually(() => rude.closed, Boolean, 20_000);
    client.close();
    await eventually(subscribers, (count) => count === 0, 20_000);
  }, 120_000);

  it('is updated with traffic on it, and loses no vote', async () => {
    await createPoll({ pollId: 'busy' });
    const names = ['a', 'b', 'c'];
    // The emulator kills a function at work when its code changes and when its settings do: clients repeat. AWS does not.
    const mostRepeats = 2 * names.length;
    let votes = 0;
    let repeats = 0;
    let isUpdated = false;
    const voter = async (name: string) => {
      for (let n = 0; !isUpdated; n++) {
        while ((await vote('busy', `${name} ${n}`)).status !== 201) if (++repeats > mostRepeats) return;
        votes++;
      }
    };
    const voters = Promise.all(names.map(voter));

    const files = await readdir(sam.buildFolder, { recursive: true });
    for (const bundle of files.filter((file) => file.endsWith('.mjs')))
      await appendFile(join(sam.buildFolder, bundle), '\n// The next version.\n');
    await sam.deploy({ ...parameters, SmsDefaultPoll: 'busy' }).finally(() => {
      isUpdated = true;
    });
    await voters;

    expect(votes).toBeGreaterThan(50);
    expect(repeats).toBeLessThanOrEqual(mostRepeats);
    await tallied('busy', [votes, 0, 0]);
    // The new version has the new setting.
    expect((await text('SM3', 'blue', '+15005559999')).body).toContain('<Message>');
    await tallied('busy', [votes, 0, 1]);
  });

  it('refuses subnets without a security group', async () => {
    await expect(sam.deploy({ ...parameters, SubnetIds: 'subnet-1,subnet-2' })).rejects.toThrow(
      'SubnetIds needs SecurityGroupIds',
    );
  });

  it('closes polls past their end by its schedule', async () => {
    const duePolls = new QueryCommand({
      TableName: stack.nameOf('TalliesTable'),
      KeyConditionExpression: 'pk = :due AND sk < :later',
      ExpressionAttributeValues: { ':due': 'DUE', ':later': sortable(Date.now()) },
    });
    await eventually(
      async () => (await stack.tables.send(duePolls)).Count,
      (count) => count === 0,
      90_000,
    );

    const Key = { pk: `SHARD#due#${ROOT.AWS_REGION}#0`, sk: 'SHARD' };
    const { Item } = await stack.tables.send(new GetCommand({ TableName: stack.nameOf('VotesTable'), Key }));
    expect(Item).toMatchObject({ closed: 48 });
    for (const pollId of ['due', 'apart-due'])
      expect(await get(`/polls/${pollId}`)).toMatchObject({ closedBy: 'schedule', final: true, audit: { drift: 0 } });
  });

  describe('has roles that', () => {
    let permissions: Permission[];
    let needs: Need[];
    let partitionKeys: ReadonlyMap<string, string>;

    beforeAll(async () => {
      const roles = stack.namesOf('AWS::IAM::Role');
      const documents = await Promise.all(roles.map((role) => stack.policiesOf(role)));
      permissions = documents.flatMap((policies, index) =>
        [...policies.values()].flatMap((policy) => permissionsIn(roles[index] as string, policy)),
      );
      for (const [key, role] of stack.rolesByAccessKey()) callers.set(key, role);
      partitionKeys = await stack.partitionKeys();
      const names = { region: ROOT.AWS_REGION, account: ACCOUNT, partitionKeys };
      needs = [
        ...aws.recorder.calls.flatMap((call) => needsOf(callers.get(call.accessKeyId) ?? 'nobody', call, names)),
        ...(await stack.hostedFunctions()).flatMap((hosted) => needsOfLambda(hosted, names)),
      ];
    });

    it('allow every call', () => {
      expect(aws.recorder.calls.filter(({ refusal }) => /AccessDenied|AuthorizationError/.test(refusal ?? ''))).toEqual(
        [],
      );
      expect(missing(permissions, needs)).toEqual([]);
    });

    it('allow nothing that no call needs', () => {
      expect(superfluous(permissions, needs)).toEqual([]);
    });

    it('name their resources', () => {
      const [ofLogGroup, ofTable] = [/^arn:aws:logs:[^*]+:\*$/, /^arn:aws:dynamodb:[^*]+\/stream\/\*$/];
      const ofConnections = /^arn:aws:execute-api:[^*]+\/@connections\/\*$/;
      const named = permissions.filter(
        ({ resource }) => !ofLogGroup.test(resource) && !ofTable.test(resource) && !ofConnections.test(resource),
      );

      expect(named.filter(({ resource }) => !/^arn:[^*?]+$/.test(resource))).toEqual([]);
    });

    it('name the kinds of items in tables that hold several', () => {
      const tables = [...partitionKeys].filter(([, key]) => key === 'pk').map(([table]) => `:table/${table}`);
      const onTables = permissions.filter(({ resource }) => tables.some((table) => resource.endsWith(table)));

      expect(onTables.length).toBeGreaterThan(0);
      expect(onTables.filter(({ leadingKey = '' }) => !/^[\w-]+(#\*)?$/.test(leadingKey))).toEqual([]);
    });

    it('fit into the 10,240 characters that IAM takes of each, for a stack of a long name too', async () => {
      for (const role of stack.namesOf('AWS::IAM::Role')) {
        const policies = JSON.stringify([...(await stack.policiesOf(role)).values()]);

        expect(policies.replaceAll('portside-', `${'x'.repeat(50)}-`).length).toBeLessThan(10_240);
      }
    });

    it('stop a call when a statement is gone', async () => {
      const [name, policy] = [...(await stack.policiesOf('ApiRole'))][0] as [string, PolicyDocument];
      const Statement = policy.Statement.filter(({ Sid }) => Sid !== 'ListPolls');
      await stack.putPolicy('ApiRole', name, { ...policy, Statement });

      expect((await send({ url: '/polls' })).status).toBe(500);
      const query = aws.recorder.calls.findLast(({ operation }) => operation === 'Query');
      expect(query).toMatchObject({ refusal: expect.stringContaining('AccessDenied') });

      await stack.putPolicy('ApiRole', name, policy);
      expect((await send({ url: '/polls' })).status).toBe(200);
    });
  });

  it('is deleted, but for what cannot be had again', async () => {
    const tables = stack.namesOf('AWS::DynamoDB::Table').map((table) => stack.nameOf(table));
    await sam.delete();

    expect((await send({ url: '/polls' })).status).toBe(404);
    await expect(DeployedStack.find(aws)).rejects.toThrow('does not exist');
    for (const TableName of tables) {
      const { Count = 0 } = await stack.tables.send(new ScanCommand({ TableName, Select: 'COUNT' }));
      expect(Count).toBeGreaterThan(0);
    }
  });
});
