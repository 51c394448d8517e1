import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DynamoDbTaskStore } from '../../../src/adapters/dynamodb/task-store.ts';
import type { TaskTables } from '../../../src/adapters/dynamodb/task-tables.ts';
import {
  cancelled,
  claimed,
  completed,
  extended,
  failed,
  redriven,
  type Task,
} from '../../../src/domain/tasks/task.ts';
import { type ConsumedUnits, countUnits } from '../../helpers/consumed-units.ts';
import { taskProcess } from '../../helpers/counted-tasks.ts';
import { fillQueue } from '../../helpers/fill-queue.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';

const HOUR = 3_600_000;
const payload = JSON.stringify({ to: 'somebody@example.org', template: 'welcome', name: 'x'.repeat(200) });

await withServer('Units of a task', startDynamoDbLocal, ({ endpoint }) => {
  describe('a small task on DynamoDB, by the consumed capacity', () => {
    let client: DynamoDBDocumentClient;
    let tables: TaskTables;
    let store: DynamoDbTaskStore;
    let units: ConsumedUnits;
    beforeAll(async () => {
      client = await clientOf(endpoint);
      tables = await newTaskTables(client);
      store = newStore();
      units = countUnits(client);
      // With the first task of a queue a store looks at its counts.
      await store.add(aTask({ queue: 'warm' }), 1_000_000);
    });
    afterAll(() => client.destroy());

    const newStore = () => taskProcess(client, tables, { retentionMs: HOUR }).store;

    async function taken(): Promise<Task> {
      const task = aTask({ queue: 'warm', payload });
      await store.add(task, 1_000_000);
      const outcome = await store.claim(task.taskId, aGrant('f'.repeat(22)));
      return outcome.task as Task;
    }

    /** What a change costs, write units. */
    async function costOf(change: () => Promise<unknown>): Promise<number> {
      units.reset();
      await change();
      return units.writes;
    }

    it('costs six write units when it is put, claimed and finished', async () => {
      const task = aTask({ queue: 'warm', payload });
      expect(await costOf(() => store.add(task, 1_000_000))).toBe(2);
      expect(await costOf(() => store.claim(task.taskId, aGrant('f'.repeat(22))))).toBe(2);
      const held = claimed(task, aGrant('f'.repeat(22)));
      expect(await costOf(() => store.replace(held, completed(held, '{"id":1}', T0)))).toBe(2);
    });

    it('costs two with each heartbeat and each retry, three when it fails for good, one when a claim is lost', async () => {
      const [beating, retried, dead] = [await taken(), await taken(), await taken()];

      expect(await costOf(() => store.replace(beating, extended(beating, 3_600, T0)))).toBe(2);
      expect(await costOf(() => store.replace(retried, failed(retried, 'busy', 500, T0)))).toBe(2);
      expect(await costOf(() => store.replace(dead, failed(dead, 'no', undefined, T0)))).toBe(3);
      expect(await costOf(() => store.claim(beating.taskId, aGrant('late')))).toBe(1);
    });

    it('costs three when its lease ran out, when it is cancelled and when it is redriven, and two when it is purged', async () => {
      const [over, stopped, gone, back] = [await taken(), await taken(), await taken(), await taken()];
      const late = aGrant('g'.repeat(22), T0 + HOUR / 2);

      expect(await costOf(() => store.claim(over.taskId, late))).toBe(3);
      expect(await costOf(() => store.replace(stopped, cancelled(stopped, T0)))).toBe(3);
      const [dead, failure] = [failed(gone, 'no', undefined, T0), failed(back, 'no', undefined, T0)];
      await store.replace(gone, dead);
      await store.replace(back, failure);
      expect(await costOf(() => store.remove(dead))).toBe(2);
      expect(await costOf(() => store.replace(failure, redriven(failure, 60, T0)))).toBe(3);
    });

    describe('a look at the head', () => {
      const lookAt = async (looker: DynamoDbTaskStore, queue: string) => {
        units.reset();
        const claimable = await looker.listClaimable(queue, 'lifo', 1, T0 + 10_000);
        return { claimable, requests: units.requests, reads: units.reads };
      };
      const fill = async (queue: string, count: number, fields: Partial<Task>): Promise<string> => {
        const oldest = aTask({ queue });
        const tasks = Array.from({ length: count }, (_, index) =>
          aTask({ queue, createdAt: T0 + 1 + index, ...fields }),
        );
        await fillQueue(client, tables, [oldest, ...tasks], T0);
        return oldest.taskId;
      };

      it('makes as many requests over 1,000 leased tasks as into an empty queue, the first time and later', async () => {
        const behind = await fill('leased', 1_000, { status: 'TAKEN', leaseUntil: T0 + HOUR, attempt: 1, fence: 'f' });
        const [fresh, used] = [newStore(), newStore()];
        await lookAt(used, 'leased');

        const empty = await lookAt(fresh, 'nothing');
        for (const looker of [fresh, used]) {
          const look = await lookAt(looker, 'leased');
          expect(look.claimable).toEqual([behind]);
          expect(look.requests).toBe(empty.requests);
        }
      });

      it('costs as much beside 10,000 tasks that wait an hour as into an empty queue', async () => {
        const task = await fill('delayed', 10_000, { notBefore: T0 + HOUR, expiresAt: T0 + 2 * HOUR });
        const looker = newStore();

        const empty = await lookAt(looker, 'nothing');
        const look = await lookAt(looker, 'delayed');
        expect(look).toMatchObject({ claimable: [task], requests: empty.requests });
        expect(look.reads).toBeLessThanOrEqual(empty.reads + 2);
      }, 60_000);

      it('reads little of a long queue, once it is known that nothing is held at its head', async () => {
        await fill('long', 5_000, {});
        const looker = newStore();
        await lookAt(looker, 'long');

        expect((await lookAt(looker, 'long')).reads).toBeLessThanOrEqual(2);
      }, 60_000);
    });
  });
});
