import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import { queueSettings } from '../../../src/domain/tasks/queue.ts';
import type { QueueStore, TaskStore } from '../../../src/ports/tasks.ts';
import { overriding } from '../../helpers/overriding.ts';
import { putQueue } from '../../helpers/queues.ts';
import { tasksWorld } from '../../helpers/tasks-world.ts';

describe('a batch of tasks', () => {
  let store: MemoryTaskStore;
  beforeEach(() => {
    store = new MemoryTaskStore(Number.MAX_SAFE_INTEGER);
  });
  const codes = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'added' : outcome.reason.code));

  it('is added in its order, whatever its length, and tells of each in that order', async () => {
    for (const length of [1, 25, 26, 100]) {
      const { enqueueTask, tasks } = tasksWorld();
      const outcomes = await enqueueTask.all(
        'q',
        Array.from({ length }, (_, payload) => ({ payload })),
      );
      expect(outcomes).toMatchObject(
        Array.from({ length }, (_, index) => ({ value: { task: { payload: `${index}` }, replayed: false } })),
      );
      const { items } = await tasks.list('q', 'PENDING', { limit: 100 });
      expect(items.map(({ payload }) => Number(payload))).toEqual([...Array(length).keys()].reverse());
    }
  });

  it('lets each task stand for itself', async () => {
    let adds = 0;
    const faulty = overriding<TaskStore>(store, {
      add: (task, maxOpen) => (++adds === 2 ? Promise.reject(storeUnavailable()) : store.add(task, maxOpen)),
    });
    const { enqueueTask, queues } = tasksWorld({ tasks: faulty });
    await putQueue(queues, queueSettings('q', { maxPending: 2 }));

    const batch = [
      { payload: 1, taskId: 'a' },
      { payload: 'lost', taskId: 'lost' },
      { payload: 'x'.repeat(32 * 1_024), taskId: 'large' },
      { payload: 1, taskId: 'a' },
      { payload: 2, taskId: 'a' },
      { payload: 1, taskId: 'b' },
      { payload: 1, taskId: 'c' },
    ];
    expect(codes(await enqueueTask.all('q', batch))).toEqual([
      'added',
      'STORE_UNAVAILABLE',
      'TASKS_PAYLOAD_TOO_LARGE',
      'added',
      'IDEMPOTENCY_KEY_REUSED',
      'added',
      'TASKS_QUEUE_FULL',
    ]);
    expect(await store.get('large')).toBeUndefined();
    expect((await store.stats('q', 0)).counters).toMatchObject({ enqueued: 2, refused: 1 });
  });

  it('adds the first of several tasks with one id, however slow the store is with it', async () => {
    let adds = 0;
    const slow = overriding<TaskStore>(store, {
      add: async (task, maxOpen) => {
        if (++adds === 1) await new Promise(setImmediate);
        return store.add(task, maxOpen);
      },
    });
    const batch = [1, 2, 1].map((payload) => ({ payload, taskId: 'a' }));
    expect(codes(await tasksWorld({ tasks: slow }).enqueueTask.all('q', batch))).toEqual([
      'added',
      'IDEMPOTENCY_KEY_REUSED',
      'added',
    ]);
  });

  it('may be repeated as a whole when its tasks have ids', async () => {
    const { enqueueTask, tasks } = tasksWorld();
    const batch = Array.from({ length: 60 }, (_, index) => ({ payload: index, taskId: `t-${index}` }));
    const first = await enqueueTask.all('q', batch.slice(0, 40));
    const again = await enqueueTask.all('q', batch);

    const replays = again.map((outcome) => outcome.status === 'fulfilled' && outcome.value.replayed);
    expect(codes(first)).toEqual(Array(40).fill('added'));
    expect(replays).toEqual(batch.map((_, index) => index < 40));
    expect((await tasks.stats('q', 0)).counters.enqueued).toBe(60);
  });

  it('makes the queue with its settings once, and nothing at all when the store does not give them', async () => {
    const { queues } = tasksWorld();
    let creates = 0;
    const counting = overriding<QueueStore>(queues, {
      create: (settings) => {
        creates++;
        return queues.create(settings);
      },
    });
    await tasksWorld({ queues: counting }).enqueueTask.all('q', Array(30).fill({ payload: 1 }));
    expect(creates).toBe(1);

    const gone = overriding<QueueStore>(queues, { get: () => Promise.reject(storeUnavailable()) });
    const { enqueueTask, tasks } = tasksWorld({ queues: gone });
    await expect(enqueueTask.all('q', [{ payload: 1 }])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await tasks.stats('q', 0)).pending).toBe(0);
  });
});
