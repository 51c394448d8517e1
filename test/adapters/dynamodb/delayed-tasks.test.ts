import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PARALLEL_REQUESTS } from '../../../src/adapters/dynamodb/parallel-requests.ts';
import { streamsClient } from '../../../src/adapters/dynamodb/streams/client.ts';
import type { DynamoDbTaskStore } from '../../../src/adapters/dynamodb/task-store.ts';
import type { TaskTables } from '../../../src/adapters/dynamodb/task-tables.ts';
import { concurrently } from '../../../src/domain/shared/concurrently.ts';
import type { Task } from '../../../src/domain/tasks/task.ts';
import { StreamCounting, taskProcess } from '../../helpers/counted-tasks.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { fillQueue } from '../../helpers/fill-queue.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aTask, T0 } from '../../helpers/tasks.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** More than one page of the list in which they wait. */
const MANY = 510;

await withServer('Delayed tasks', startDynamoDbLocal, ({ endpoint }) => {
  const streams = streamsClient(endpoint);
  let client: DynamoDBDocumentClient;
  let tables: TaskTables;
  let store: DynamoDbTaskStore;
  let counting: StreamCounting;
  beforeAll(async () => {
    client = await clientOf(endpoint);
    tables = await newTaskTables(client);
    const process = taskProcess(client, tables, { clock: new FakeClock(T0), retentionMs: DAY });
    store = process.store;
    counting = new StreamCounting(client, streams, tables, process.counts);
  });
  afterAll(() => {
    client.destroy();
    streams.destroy();
  });

  it('a task comes back as early as sweeps are said to be apart', async () => {
    const { store: rarelySwept } = taskProcess(client, tables, { clock: new FakeClock(T0), sweepMs: HOUR });
    const [near, far] = [3 * HOUR, 4 * HOUR].map((waitMs) =>
      aTask({ queue: 'rare', notBefore: T0 + waitMs, expiresAt: T0 + DAY }),
    ) as [Task, Task];
    for (const task of [near, far]) await rarelySwept.add(task, 10);

    await rarelySwept.runMaintenance('rare', T0 + HOUR + 1);
    expect(await rarelySwept.listClaimable('rare', 'fifo', 10, T0 + DAY - 1)).toEqual([near.taskId]);
    await rarelySwept.runMaintenance('rare', T0 + 2 * HOUR + 1);
    expect(await rarelySwept.listClaimable('rare', 'fifo', 10, T0 + 4 * HOUR)).toEqual([near.taskId, far.taskId]);
  });

  const fill = async (queue: string, fields: (index: number) => Partial<Task>): Promise<Task[]> => {
    const tasks = Array.from({ length: MANY }, (_, index) => aTask({ queue, expiresAt: T0 + DAY, ...fields(index) }));
    await fillQueue(client, tables, tasks, T0);
    return tasks;
  };

  describe('very many delayed tasks', () => {
    it('all come back when they are due in the same moment', async () => {
      const tasks = await fill('same', () => ({ notBefore: T0 + HOUR }));

      await store.runMaintenance('same', T0 + HOUR);
      const claimable = await store.listClaimable('same', 'fifo', 2 * MANY, T0 + HOUR);
      expect(claimable).toEqual(tasks.map(({ taskId }) => taskId));
    });

    it('do not count as backlog of a queue that has more than a look can see', async () => {
      const add = (count: number, fields: Partial<Task>) =>
        concurrently(PARALLEL_REQUESTS, Array.from({ length: count }), () =>
          store.add(aTask({ queue: 'backlog', expiresAt: T0 + DAY, ...fields }), 100_000),
        );
      await add(450, {});
      await add(150, { notBefore: T0 + HOUR });
      await counting.go();
      expect(await store.stats('backlog', T0)).toMatchObject({ pending: 600, backlog: 450 });

      await store.runMaintenance('backlog', T0 + HOUR);
      expect(await store.stats('backlog', T0 + HOUR)).toMatchObject({ pending: 600, backlog: 600 });
    });

    it('are listed newest first, whenever they are due', async () => {
      const tasks = await fill('list', (index) => ({
        createdAt: T0 + index,
        notBefore: T0 + HOUR * (1 + (index % 7)),
      }));

      const listed: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list('list', 'PENDING', { limit: 100, cursor });
        expect(page.items.length).toBeLessThanOrEqual(100);
        listed.push(...page.items.map(({ taskId }) => taskId));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(listed).toEqual(tasks.map(({ taskId }) => taskId).reverse());
    });
  });
});
