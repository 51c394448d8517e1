import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { DynamoDbQueueStore } from '../../../src/adapters/dynamodb/queue-store.ts';
import { streamsClient } from '../../../src/adapters/dynamodb/streams/client.ts';
import type { TaskTables } from '../../../src/adapters/dynamodb/task-tables.ts';
import { countedBefore, StreamCounting, taskProcess } from '../../helpers/counted-tasks.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { holdSchedules } from '../../suites/task-schedules.ts';

const RETENTION_MS = 86_400_000;

await withServer('Schedules of tasks', startDynamoDbLocal, ({ endpoint }) => {
  describe('on DynamoDB', () => {
    const streams = streamsClient(endpoint);
    let client: DynamoDBDocumentClient;
    let tables: TaskTables;
    let counting: StreamCounting;
    let count = 0;
    beforeAll(async () => {
      client = await clientOf(endpoint);
      tables = await newTaskTables(client);
      counting = new StreamCounting(client, streams, tables, taskProcess(client, tables).counts);
    });
    afterAll(() => {
      client.destroy();
      streams.destroy();
    });

    it.each(['lifo', 'fifo'] as const)(
      'whatever happens in whatever order, every rule of a %s queue holds',
      (order) => {
        const open = async () => {
          const clock = new FakeClock();
          const { store } = taskProcess(client, tables, { clock, retentionMs: RETENTION_MS });
          const tasks = countedBefore(counting, store);
          // The sweep goes through every queue there is, so each run has a list of its own.
          const queues = new DynamoDbQueueStore(client, (await newTaskTables(client)).queues);
          return { tasks, queues, clock, queue: `q${++count}` };
        };
        return holdSchedules(order, open, { runs: 6, maxEvents: 30 });
      },
      120_000,
    );
  });
});
