import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { DynamoDbAnswerStore } from '../../../src/adapters/dynamodb/answer-store.ts';
import { DynamoDbPollStore } from '../../../src/adapters/dynamodb/poll-store.ts';
import { DynamoDbQueueStore } from '../../../src/adapters/dynamodb/queue-store.ts';
import { streamsClient } from '../../../src/adapters/dynamodb/streams/client.ts';
import { DynamoDbVoteLedger } from '../../../src/adapters/dynamodb/vote-ledger.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { taskProcess } from '../../helpers/counted-tasks.ts';
import { seededRandom } from '../../helpers/fakes.ts';
import { type HttpService, httpService } from '../../helpers/http-service.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, dynamoDbEnv, newTaskTables, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { readStream } from '../../helpers/stream-records.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';

type React = typeof import('../../../src/entrypoints/lambda/votes-react.ts').handler;
type Process = typeof import('../../../src/entrypoints/lambda/tasks-processor.ts').handler;

const REGION = 'eu-west-1';
const BALLOT = 'b'.repeat(43);

await withServer('the functions that tell of feedback', startDynamoDbLocal, async ({ endpoint }) => {
  const streams = streamsClient(endpoint);
  let client: DynamoDBDocumentClient;
  let receiver: HttpService;
  let react: React;
  let work: Process;
  let readAll: () => Promise<DynamoDBRecord[]>;
  let answers: DynamoDbAnswerStore;
  let queues: DynamoDbQueueStore;
  let store: ReturnType<typeof taskProcess>['store'];
  const poll = () =>
    aPoll({
      pollId: 'mails',
      questions: [{ id: 'why', text: 'Why?' }],
      notify: { url: receiver.url, quietSeconds: 0, maxSeconds: 60 },
    });
  const terms = { receiver: 'url', quietSeconds: 0, maxSeconds: 60 } as const;

  beforeAll(async () => {
    client = await clientOf(endpoint);
    receiver = await httpService((_, response) => response.end());
    const [votes, tasks] = await Promise.all([newVoteTables(client), newTaskTables(client)]);
    Object.assign(process.env, dynamoDbEnv(endpoint), {
      AWS_REGION: REGION,
      VOTES_TABLE: votes.votes,
      TALLIES_TABLE: votes.tallies,
      TASKS_TABLE: tasks.tasks,
      QUEUES_TABLE: tasks.queues,
      RUNNER_HOSTS: '127.0.0.1',
      WAKE_UPS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:wake-ups',
      LOG_LEVEL: 'silent',
    });
    ({ handler: react } = await import('../../../src/entrypoints/lambda/votes-react.ts'));
    ({ handler: work } = await import('../../../src/entrypoints/lambda/tasks-processor.ts'));
    store = taskProcess(client, tasks, { clock: systemClock }).store;
    queues = new DynamoDbQueueStore(client, tasks.queues);
    answers = new DynamoDbAnswerStore(client, votes.votes);
    readAll = () => readStream(client, streams, votes.votes);
    await new DynamoDbPollStore(client, votes.tallies).create(poll());
    const ledger = new DynamoDbVoteLedger(client, votes.votes, REGION, seededRandom(1));
    const acceptedAt = Date.now();
    await ledger.record(poll(), aBallot(BALLOT, { pollId: 'mails', acceptedAt }));
    await ledger.record(aPoll({ pollId: 'other' }), aBallot('c'.repeat(43), { pollId: 'other', acceptedAt }));
    const elsewhere = new DynamoDbVoteLedger(client, votes.votes, 'us-east-1', seededRandom(1));
    await elsewhere.record(poll(), aBallot('d'.repeat(43), { pollId: 'mails', acceptedAt }));
  }, 60_000);
  afterAll(async () => {
    await receiver.close();
    client.destroy();
    streams.destroy();
  });

  const reacting = async (Records: DynamoDBRecord[]) => react({ Records }, { awsRequestId: 'test' });
  const working = () => {
    const end = performance.now() + 120_000;
    const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => end - performance.now() };
    return work({ Records: [] }, context);
  };
  const say = (text: string) =>
    answers.put({ pollId: 'mails', ballotId: BALLOT, choices: [0], texts: [[0, text]], changedAt: Date.now(), terms });

  describe('votes-react and tasks-processor', () => {
    it('enqueue a vote of this region once, and report what cannot be read', async () => {
      const records = await readAll();
      const broken = structuredClone(records.find(({ dynamodb }) => dynamodb?.NewImage?.notify)) as DynamoDBRecord;
      Object.assign(broken.dynamodb ?? {}, { SequenceNumber: 'broken' });
      Object.assign(broken.dynamodb?.NewImage ?? {}, { acceptedAt: { S: 'now' } });

      expect((await reacting(records)).batchItemFailures).toEqual([]);
      expect((await reacting([...records, broken])).batchItemFailures).toEqual([{ itemIdentifier: 'broken' }]);
      expect((await store.get(`fb-${BALLOT}-0`))?.status).toBe('PENDING');
      expect(await store.get(`fb-${'d'.repeat(43)}-0`)).toBeUndefined();
      expect((await queues.get('feedback-url'))?.runner?.url).toBe('portside:feedback');
      expect(await queues.get('feedback-slack')).toBeUndefined();
    });

    it('tell of it, and of what is said later', async () => {
      await working();
      expect(receiver.calls.map(({ body }) => JSON.parse(body).revision)).toEqual([0]);

      await say('The examples.');
      expect((await reacting(await readAll())).batchItemFailures).toEqual([]);
      await working();
      expect(receiver.calls.map(({ body }) => JSON.parse(body).answers)).toEqual([{}, { why: 'The examples.' }]);
      expect(new Set(receiver.calls.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
    }, 60_000);
  });
});
