import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbQueueStore } from '../../src/adapters/dynamodb/queue-store.ts';
import type { TaskTables } from '../../src/adapters/dynamodb/task-tables.ts';
import type { ClaimTasks } from '../../src/domain/tasks/claim-tasks.ts';
import type { Task } from '../../src/domain/tasks/task.ts';
import { taskProcess } from '../helpers/counted-tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { fillQueue } from '../helpers/fill-queue.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { aTask, T0 } from '../helpers/tasks.ts';
import { tasksWorld } from '../helpers/tasks-world.ts';

const TASKS = 1_000;
const CLAIMERS = 100;
/** Answers that may be lost. */
const MAX_LOST = 100;

await withServer('Claims at once', startDynamoDbLocal, ({ endpoint }) => {
  describe('100 claimers at once on DynamoDB', () => {
    let client: DynamoDBDocumentClient;
    let tables: TaskTables;
    beforeAll(async () => {
      client = await clientOf(endpoint);
      tables = await newTaskTables(client);
    });
    afterAll(() => client.destroy());

    it('claim each of 1,000 tasks once', async () => {
      const clock = new FakeClock();
      const tasks = Array.from({ length: TASKS }, (_, index) => aTask({ createdAt: T0 - TASKS + index }));
      await fillQueue(client, tables, tasks, T0);
      const queues = new DynamoDbQueueStore(client, tables.queues);
      const claimers = Array.from({ length: CLAIMERS }, (_, index) => {
        const { store } = taskProcess(client, tables, { clock });
        return tasksWorld({ tasks: store, queues, clock, random: seededRandom(index) }).claimTasks;
      });

      const claims: Task[] = [];
      const claimUntilNone = async (claimTasks: ClaimTasks): Promise<void> => {
        for (;;) {
          // A hundred connections at once are too many for some servers: those who get none try again.
          const [claimed = []] = await eventually(
            () => claimTasks.execute('q', [{ max: 10 }]),
            () => true,
            240_000,
          );
          if (claimed.length === 0) return;
          claims.push(...claimed);
        }
      };
      await Promise.all(claimers.map(claimUntilNone));

      const claimed = new Set(claims.map(({ taskId }) => taskId));
      expect(claims).toHaveLength(claimed.size);
      expect(new Set(claims.map(({ fence }) => fence)).size).toBe(claims.length);
      expect(claims.every(({ attempt }) => attempt === 1)).toBe(true);
      // On a busy machine an answer is lost now and then: its task is taken all the same, until its lease ends.
      const unanswered = tasks.filter(({ taskId }) => !claimed.has(taskId));
      expect(unanswered.length).toBeLessThanOrEqual(MAX_LOST);
      const { store } = taskProcess(client, tables, { clock });
      for (const { taskId } of unanswered)
        expect(await store.get(taskId)).toMatchObject({ status: 'TAKEN', attempt: 1 });
    }, 300_000);
  });
});
