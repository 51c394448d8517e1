import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SNSEvent } from 'aws-lambda';
import { DynamoDbActiveQueues } from '../../../src/adapters/dynamodb/active-queues.ts';
import { DynamoDbQueueStore } from '../../../src/adapters/dynamodb/queue-store.ts';
import { streamsClient } from '../../../src/adapters/dynamodb/streams/client.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { ulids } from '../../../src/adapters/system/ids.ts';
import { queueSettings } from '../../../src/domain/tasks/queue.ts';
import { makeTables } from '../../../src/entrypoints/cli/operate.ts';
import { taskProcess } from '../../helpers/counted-tasks.ts';
import { dynamoDbSettings } from '../../helpers/dynamodb-app.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type HttpService, httpService } from '../../helpers/http-service.ts';
import { FunctionProcess } from '../../helpers/lambda/function-process.ts';
import { httpApi } from '../../helpers/lambda/http-events.ts';
import { putQueue } from '../../helpers/queues.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, dynamoDbEnv } from '../../helpers/servers/dynamodb-tables.ts';
import { startSecretsManager } from '../../helpers/servers/secrets-manager.ts';
import { startSns } from '../../helpers/servers/sns.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { readStream, type ShardRecord } from '../../helpers/stream-records.ts';
import { aTask } from '../../helpers/tasks.ts';

const KEY = '0123456789abcdef';
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:wake-ups';

await withServer('the functions of tasks', startDynamoDbLocal, async ({ endpoint }) => {
  const settings: Record<string, string> = dynamoDbSettings(endpoint);
  const tables = { tasks: `${settings.TABLE_PREFIX}tasks`, queues: `${settings.TABLE_PREFIX}queues` };
  const client = await clientOf(endpoint);
  const streams = streamsClient(endpoint);
  const sns = await startSns();
  const secrets = await startSecretsManager({ 'arn:keys': `admin=${KEY}`, 'arn:voter': 'a key for the voters' });
  const { store } = taskProcess(client, tables, { clock: systemClock });
  let downstream: HttpService;
  let [api, stream, processor, sweep]: FunctionProcess[] = [];

  beforeAll(async () => {
    downstream = await httpService((_, response) => response.end('"done"'));
    await makeTables(settings);
    const queues = new DynamoDbQueueStore(client, tables.queues);
    await putQueue(queues, queueSettings('mail', { runner: { url: downstream.url } }));
    const env = {
      ...dynamoDbEnv(endpoint),
      TASKS_TABLE: tables.tasks,
      QUEUES_TABLE: tables.queues,
      RUNNER_HOSTS: settings.RUNNER_HOSTS as string,
      WAKE_UPS_TOPIC_ARN: TOPIC,
      AWS_ENDPOINT_URL_SNS: sns.endpoint,
    };
    [api, stream, processor, sweep] = await Promise.all([
      FunctionProcess.start('ApiFunction', 'api', {
        ...env,
        TABLE_PREFIX: settings.TABLE_PREFIX as string,
        AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
        API_KEYS_SECRET_ARN: 'arn:keys',
        VOTER_KEY_SECRET_ARN: 'arn:voter',
      }),
      FunctionProcess.start('TasksStreamFunction', 'tasks-stream', env),
      FunctionProcess.start('TasksProcessorFunction', 'tasks-processor', env),
      FunctionProcess.start('TasksSweepFunction', 'tasks-sweep', env),
    ]);
  }, 60_000);
  afterAll(async () => {
    client.destroy();
    streams.destroy();
    await Promise.all([downstream.close(), sns.stop(), secrets.stop()]);
  });

  const enqueue = async (task: object = {}): Promise<string> => {
    const headers = { 'Content-Type': 'application/json', authorization: `Bearer ${KEY}` };
    const request = {
      method: 'POST',
      url: '/queues/mail/tasks',
      headers,
      body: JSON.stringify({ payload: 1, ...task }),
    };
    const { status, body } = httpApi.answer(await (api as FunctionProcess).invoke(httpApi.event(request)));
    expect({ status, body }).toMatchObject({ status: 201 });
    return JSON.parse(body).taskId;
  };
  /** New records of the stream, through the filter of the event source. */
  let seen = 0;
  const newRecords = async (): Promise<ShardRecord[]> => {
    const records = await readStream(client, streams, tables.tasks);
    const fresh = records.slice(seen);
    seen = records.length;
    return fresh.filter(({ eventName }) => eventName !== 'REMOVE');
  };
  /** DynamoDB Local keeps one shard a table. */
  const invokeStream = (Records: readonly ShardRecord[]): Promise<unknown> =>
    (stream as FunctionProcess).invoke({ Records, shardId: Records[0]?.shardId });
  const statusOf = async (taskId: string) => (await store.get(taskId))?.status;
  const messages = () => sns.published.splice(0);
  const deliver = ([published]: ReturnType<typeof messages>): Promise<unknown> =>
    (processor as FunctionProcess).invoke({ Records: [{ Sns: { Message: published?.message } }] } as SNSEvent);

  describe('the functions of tasks', () => {
    it('have a task done that comes in over the API, by way of stream and topic', async () => {
      const ids = [await enqueue(), await enqueue(), await enqueue()];
      expect(await invokeStream(await newRecords())).toEqual({ state: {}, batchItemFailures: [] });
      const woken = messages();
      expect(woken).toEqual([{ topic: TOPIC, message: '{"round":0}' }]);

      await deliver(woken);
      for (const taskId of ids)
        expect(await store.get(taskId)).toMatchObject({ status: 'SUCCESS', result: '"done"', attempt: 1 });
      expect(messages()).toEqual([]);
    });

    it('wake nobody for a task that is for later, nor for what is taken and done', async () => {
      await enqueue({ delaySeconds: 3_600 });
      const records = await newRecords();
      expect(records.filter(({ eventName }) => eventName === 'MODIFY')).toHaveLength(6);
      await invokeStream(records);
      expect(messages()).toEqual([]);
    });

    it('wake nobody for queues without a runner or that are paused, and mark all the same', async () => {
      const queues = new DynamoDbQueueStore(client, tables.queues);
      await putQueue(queues, queueSettings('paused', { runner: { url: downstream.url } }));
      await queues.pause('paused', true);
      for (const queue of ['paused', 'external'])
        await store.add(aTask({ taskId: ulids.next(), queue, createdAt: Date.now(), notBefore: Date.now() }), 100);
      await invokeStream(await newRecords());
      expect(messages()).toEqual([]);
      const { marks } = await new DynamoDbActiveQueues(client, tables.queues, systemClock).list();
      expect([...marks.keys()].sort()).toEqual(['external', 'mail', 'paused']);
    });

    it('have the records again while the topic takes no wake-up, and find their task with the next sweep', async () => {
      const taskId = await enqueue();
      const inserts = await newRecords();
      sns.isFailing = true;
      await expect(invokeStream(inserts)).rejects.toThrow(`${TOPIC} did not take a notification`);
      sns.isFailing = false;
      expect(messages()).toEqual([]);
      expect(await statusOf(taskId)).toBe('PENDING');

      await (sweep as FunctionProcess).invoke({});
      await deliver(messages());
      expect(await statusOf(taskId)).toBe('SUCCESS');
    });

    it('count each change once, however often it comes', async () => {
      await invokeStream(await newRecords());
      await invokeStream(await readStream(client, streams, tables.tasks));
      // What waited then is woken for once more.
      messages();
      const { counters } = await store.stats('mail', Date.now());
      expect(counters).toMatchObject({ enqueued: 5, succeeded: 4 });
    });

    it('take records that are none of theirs, and messages that say nothing', async () => {
      const dynamodb = { NewImage: { queue: { N: '7' } }, SequenceNumber: '100' };
      const Records = [{ eventName: 'INSERT', dynamodb }, { eventName: 'REMOVE' }, {}];
      expect(await (stream as FunctionProcess).invoke({ Records, shardId: 'shardId-1' })).toEqual({
        state: {},
        batchItemFailures: [{ itemIdentifier: '100' }],
      });
      expect(messages()).toEqual([]);
      // Its output comes another way than its answer.
      await eventually(
        () => (stream as FunctionProcess).output,
        (output) => output.includes('unreadable task records'),
      );
      await (processor as FunctionProcess).invoke({ Records: [{ Sns: { Message: 'hello' } }] });
    });
  });
});
