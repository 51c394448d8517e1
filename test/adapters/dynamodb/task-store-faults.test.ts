import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DynamoDbQueueStore } from '../../../src/adapters/dynamodb/queue-store.ts';
import type { DynamoDbTaskStore } from '../../../src/adapters/dynamodb/task-store.ts';
import type { TaskTables } from '../../../src/adapters/dynamodb/task-tables.ts';
import { queueSettings } from '../../../src/domain/tasks/queue.ts';
import { claimed, completed, failed, redriven, released, type Task } from '../../../src/domain/tasks/task.ts';
import { taskProcess } from '../../helpers/counted-tasks.ts';
import { putQueue } from '../../helpers/queues.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../../helpers/servers/dynamodb-tables.ts';
import { type Fate, FaultyProxy, refusal } from '../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';

const NEVER_MS = 3_600_000;
const PLENTY = 1_000;

await withServer('The task store behind faults', startDynamoDbLocal, async ({ endpoint }) => {
  const proxy = await FaultyProxy.start(endpoint);
  const direct = await clientOf(endpoint);
  let tables: TaskTables;
  let client: DynamoDBDocumentClient;
  let store: DynamoDbTaskStore;
  beforeAll(async () => {
    tables = await newTaskTables(direct);
  });
  // Each test has a client of its own, since a client that met many failures stops repeating requests for a while.
  beforeEach(async () => {
    proxy.reset();
    client = await clientOf(proxy.endpoint);
    ({ store } = taskProcess(client, tables, { retentionMs: NEVER_MS }));
    await store.add(aTask(), PLENTY);
    proxy.reset();
  });
  afterEach(() => client.destroy());
  afterAll(async () => {
    direct.destroy();
    await proxy.stop();
  });

  /** Does something to the first request of a kind and lets the others pass. */
  const first = (operation: string, fate: Fate, times = 1): void => {
    let left = times;
    proxy.fate = (request) => (request.operation === operation && left-- > 0 ? fate : 'pass');
  };
  async function taken(): Promise<Task> {
    const task = aTask();
    await store.add(task, PLENTY);
    await store.claim(task.taskId, aGrant('f'));
    return claimed(task, aGrant('f'));
  }

  describe.each<Fate>(['lose answer', 'lose request', 'halve answer'])('when networks %s', (fate) => {
    it('a task is added, and is no repeat of itself', async () => {
      const task = aTask();
      first('PutItem', fate);
      expect(await store.add(task, PLENTY)).toEqual({ kind: 'added' });
      expect(await store.add(task, PLENTY)).toEqual({ kind: 'repeated', task });
    });

    it('whoever claimed a task has it', async () => {
      const task = aTask();
      await store.add(task, PLENTY);
      first('UpdateItem', fate);
      expect(await store.claim(task.taskId, aGrant('f'))).toEqual({
        kind: 'claimed',
        task: claimed(task, aGrant('f')),
      });
      expect(await store.claim(task.taskId, aGrant('g'))).toMatchObject({ kind: 'refused' });
    });

    it('a change was made, once', async () => {
      const [done, dead] = [await taken(), await taken()];
      first('UpdateItem', fate);
      expect(await store.replace(done, completed(done, '1', T0))).toBe(true);
      expect(await store.replace(done, completed(done, '1', T0))).toBe(false);

      const failure = failed(dead, 'no', undefined, T0);
      await store.replace(dead, failure);
      first('UpdateItem', fate);
      expect(await store.replace(failure, redriven(failure, 60, T0))).toBe(true);
    });

    it('whoever took over a lease that ran out has it, and the one who died is in the history', async () => {
      const grant = { ...aGrant('g', T0 + 30_000), worker: 'second' };
      for (const nth of [1, 2]) {
        const held = await taken();
        // The first update is refused, since the task is TAKEN; the second takes over.
        let updates = 0;
        proxy.fate = ({ operation }) => (operation === 'UpdateItem' && ++updates === nth ? fate : 'pass');
        const expected = claimed(held, grant);
        expect(await store.claim(held.taskId, grant)).toEqual({ kind: 'claimed', task: expected });
        proxy.reset();
        expect(await store.get(held.taskId)).toEqual(expected);
        expect(expected.history).toHaveLength(1);
      }
    });

    it('a task was removed', async () => {
      const dead = await taken();
      const failure = failed(dead, 'no', undefined, T0);
      await store.replace(dead, failure);
      first('DeleteItem', fate);
      expect(await store.remove(failure)).toBe(true);
      expect(await store.remove(failure)).toBe(false);
    });

    it('a queue was paused, put and removed', async () => {
      const queues = new DynamoDbQueueStore(client, tables.queues);
      first('TransactWriteItems', fate);
      expect(await putQueue(queues, queueSettings('faulty'))).toMatchObject({ paused: false });
      first('UpdateItem', fate);
      expect(await queues.pause('faulty', true)).toMatchObject({ paused: true });
      first('TransactWriteItems', fate);
      await queues.remove('faulty');
      expect(await queues.get('faulty')).toBeUndefined();
      first('TransactWriteItems', fate);
      expect(await queues.create(queueSettings('faulty'))).toMatchObject({ paused: false });
    });
  });

  it('another task with the same id is a repeat also when the answer was lost', async () => {
    const task = aTask();
    await store.add(task, PLENTY);
    first('PutItem', 'lose answer');
    expect(await store.add({ ...aTask(), taskId: task.taskId }, PLENTY)).toEqual({ kind: 'repeated', task });
  });

  it('a claim of somebody else is not taken for a lost answer', async () => {
    const task = await taken();
    first('UpdateItem', 'lose request');
    expect(await store.claim(task.taskId, aGrant('other'))).toEqual({ kind: 'refused', task });
  });

  it('a removal by somebody else is not taken for a lost answer', async () => {
    const held = await taken();
    const back = released(held, 0, T0);
    const done = completed(held, '1', T0);
    await store.replace(held, back);
    first('DeleteItem', 'lose request');
    expect(await store.remove(done)).toBe(false);
    expect(await store.get(held.taskId)).toEqual(back);
  });

  it('contention is got over', async () => {
    const queues = new DynamoDbQueueStore(client, tables.queues);
    await putQueue(queues, queueSettings('busy'));
    first('UpdateItem', refusal('ThrottlingException'), 4);
    expect(await queues.pause('busy', true)).toMatchObject({ paused: true });
    const task = aTask();
    first('PutItem', refusal('ThrottlingException'), 4);
    expect(await store.add(task, PLENTY)).toEqual({ kind: 'added' });
    first('Query', refusal('ProvisionedThroughputExceededException'), 4);
    expect(await store.listClaimable('q', 'lifo', 1, T0)).toEqual([task.taskId]);
  });

  it('what cannot be stored leaves no trace in the counts', async () => {
    const { pending } = await store.stats('q', T0);
    proxy.fate = ({ operation }) => (operation === 'PutItem' ? refusal('ValidationException') : 'pass');
    await expect(store.add(aTask(), pending + 1)).rejects.toThrow();
    proxy.reset();
    expect(await store.add(aTask(), pending + 1)).toEqual({ kind: 'added' });
  });

  it('a store that is gone is said to be unavailable', async () => {
    proxy.fate = () => 'lose request';
    const unavailable = { code: 'STORE_UNAVAILABLE' };
    await expect(store.get('x')).rejects.toMatchObject(unavailable);
    await expect(store.listClaimable('q', 'lifo', 1, T0)).rejects.toMatchObject(unavailable);
    await expect(store.claim('x', aGrant('f'))).rejects.toMatchObject(unavailable);
    await expect(store.stats('q', T0)).rejects.toMatchObject(unavailable);
  });
});
