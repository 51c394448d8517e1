import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorization } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { type FakeRateProvider, startFakeRateProvider } from '../helpers/fake-rate-provider.ts';
import type { HttpAnswer, HttpRequest, Send } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { play } from '../helpers/scenarios/play.ts';
import { votesScenarios } from '../helpers/scenarios/votes.ts';
import { signing, twilioSettings } from '../helpers/signing.ts';
import { readStream } from '../helpers/stream-records.ts';
import { clientOptions, DeployedStack } from './deployed-stack.ts';
import { playMapping } from './event-source-mapping.ts';
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
import { ACCOUNT, type MiniStack, ROOT, startMiniStack } from './ministack.ts';
import { Sam } from './sam.ts';

let aws: MiniStack;
let sam: Sam;
let rates: FakeRateProvider;
let stack: DeployedStack;
let parameters: Record<string, string>;
let send: Send;
/** Roles by the access keys of their calls. */
const callers = new Map<string, string>();

const BUNDLES = ['ApiFunction/api.mjs', 'VotesStreamFunction/votes-stream.mjs', 'VotesSweepFunction/votes-sweep.mjs'];
/** A time as the table sorts it. */
const sortable = (time: number): string => String(time).padStart(15, '0');
const SMS: HttpRequest = {
  method: 'POST',
  url: '/webhooks/twilio/sms',
  body: new URLSearchParams({ MessageSid: 'SM0', From: '+15005550001', To: '+15005550006', Body: 'red' }),
};

beforeAll(async () => {
  rates = await startFakeRateProvider();
  aws = await startMiniStack();
  sam = await Sam.start(aws.endpoint);
  const secrets = new SecretsManagerClient(clientOptions(aws.endpoint));
  const twilio = { Name: 'twilio', SecretString: twilioSettings.TWILIO_AUTH_TOKEN };
  const { ARN } = await secrets.send(new CreateSecretCommand(twilio));
  parameters = {
    TwilioAuthTokenSecretArn: ARN as string,
    PublicBaseUrl: twilioSettings.PUBLIC_BASE_URL,
    RateSources: `frankfurter=${rates.url}`,
  };
  await sam.build();
  await sam.deploy(parameters);
  stack = await DeployedStack.find(aws);
  await stack.importRoutes();
  const key = await stack.adminKey();
  send = signing((request) =>
    stack.send({
      ...request,
      headers: Object.fromEntries(
        Object.entries(request.headers ?? {}).map(([name, value]) => [
          name,
          value === authorization.authorization ? `Bearer ${key}` : value,
        ]),
      ),
    }),
  );
});
afterAll(async () => {
  await sam?.stop();
  await aws?.stop();
  await rates?.stop();
});

describe('the deployed stack', () => {
  const vote = (pollId: string, voteId: string): Promise<HttpAnswer> =>
    send({ method: 'POST', url: `/polls/${pollId}/votes`, body: { choice: 'RED', voteId } });
  const createPoll = (fields: object): Promise<HttpAnswer> => {
    const body = { question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'], ...fields };
    return send({ method: 'POST', url: '/polls', headers: authorization, body });
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

  it('values stocks at the rates of the source that it was given', async () => {
    const put = (value: string) => send({ method: 'PUT', url: '/stock/AMZN', headers: authorization, body: { value } });
    expect((await put('90.00')).status).toBe(201);
    expect((await put('97.00')).status).toBe(200);

    expect(await get('/stock/AMZN?currencies=USD,JPY')).toMatchObject({
      values: { EUR: '97.00', USD: '105.29', JPY: '17974' },
      rates: { base: 'EUR', source: 'frankfurter', stale: false },
    });
    expect(await get('/stock')).toMatchObject({ stocks: [{ stock: 'AMZN', value: '97.00', currency: 'EUR' }] });
    expect(await get('/rates?currencies=KWD')).toMatchObject({ rates: { KWD: '0.330000000001' } });
  });

  it('puts a poison record aside and folds the good ones around it', async () => {
    const poison = { pk: 'SHARD#colors#0.eu-west-1#poison', sk: 'SHARD', kind: 'shard', version: 1, votes: 'many' };
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
    expect(aside?.dynamodb?.NewImage).toMatchObject({ pk: { S: poison.pk }, votes: { S: 'many' } });
  });

  it('is updated with traffic on it, and loses no vote', async () => {
    await createPoll({ pollId: 'busy' });
    const names = ['a', 'b', 'c'];
    let votes = 0;
    let repeats = 0;
    let isUpdated = false;
    const voter = async (name: string) => {
      for (let n = 0; !isUpdated; n++) {
        while ((await vote('busy', `${name} ${n}`)).status !== 201) repeats++;
        votes++;
      }
    };
    const voters = Promise.all(names.map(voter));

    for (const bundle of BUNDLES) await appendFile(join(sam.buildFolder, bundle), '\n// The next version.\n');
    await sam.deploy({ ...parameters, SmsDefaultPoll: 'busy' }).finally(() => {
      isUpdated = true;
    });
    await voters;

    expect(votes).toBeGreaterThan(50);
    // The emulator kills a function that is at work when its code or its settings change, which AWS does not: clients repeat.
    expect(repeats).toBeLessThanOrEqual(2 * names.length);
    await tallied('busy', [votes, 0, 0]);
    // The new version has the new setting.
    expect((await text('SM3', 'blue', '+15005559999')).body).toContain('<Message>');
    await tallied('busy', [votes, 0, 1]);
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

    const Key = { pk: `SHARD#due#0.${ROOT.AWS_REGION}#0`, sk: 'SHARD' };
    const { Item } = await stack.tables.send(new GetCommand({ TableName: stack.nameOf('VotesTable'), Key }));
    expect(Item).toMatchObject({ closed: true });
  });

  describe('has roles that', () => {
    let permissions: Permission[];
    let needs: Need[];

    beforeAll(async () => {
      const roles = stack.namesOf('AWS::IAM::Role');
      const documents = await Promise.all(roles.map((role) => stack.policiesOf(role)));
      permissions = documents.flatMap((policies, index) =>
        [...policies.values()].flatMap((policy) => permissionsIn(roles[index] as string, policy)),
      );
      for (const [key, role] of stack.rolesByAccessKey()) callers.set(key, role);
      const names = { region: ROOT.AWS_REGION, account: ACCOUNT, partitionKeys: await stack.partitionKeys() };
      needs = [
        ...aws.recorder.calls.flatMap((call) => needsOf(callers.get(call.accessKeyId) ?? 'nobody', call, names)),
        ...(await stack.hostedFunctions()).flatMap((hosted) => needsOfLambda(hosted, names)),
      ];
    });

    it('allow every call', () => {
      expect(aws.recorder.calls.filter(({ refusal }) => refusal?.includes('AccessDenied'))).toEqual([]);
      expect(missing(permissions, needs)).toEqual([]);
    });

    it('allow nothing that no call needs', () => {
      expect(superfluous(permissions, needs)).toEqual([]);
    });

    it('stop a call when a statement is gone', async () => {
      const [name, policy] = [...(await stack.policiesOf('ApiRole'))][0] as [string, PolicyDocument];
      const Statement = policy.Statement.filter(({ Sid }) => Sid !== 'ListPolls');
      await stack.putPolicy('ApiRole', name, { ...policy, Statement });

      expect((await send({ url: '/polls' })).status).toBe(500);
      expect(aws.recorder.calls.at(-1)).toMatchObject({
        operation: 'Query',
        refusal: expect.stringContaining('AccessDenied'),
      });

      await stack.putPolicy('ApiRole', name, policy);
      expect((await send({ url: '/polls' })).status).toBe(200);
    });
  });

  it('is deleted, but for what cannot be had again', async () => {
    const tables = ['VotesTable', 'TalliesTable', 'StocksTable'].map((table) => stack.nameOf(table));
    await sam.delete();

    expect((await send({ url: '/polls' })).status).toBe(404);
    await expect(DeployedStack.find(aws)).rejects.toThrow('does not exist');
    for (const TableName of tables) {
      const { Count = 0 } = await stack.tables.send(new ScanCommand({ TableName, Select: 'COUNT' }));
      expect(Count).toBeGreaterThan(0);
    }
  });
});
