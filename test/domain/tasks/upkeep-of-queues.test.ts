import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryQueueStore } from '../../../src/adapters/memory/queue-store.ts';
import { MemoryTaskNotifier } from '../../../src/adapters/memory/task-notifier.ts';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import { PauseQueue } from '../../../src/domain/tasks/pause-queue.ts';
import type { PurgedStatus } from '../../../src/domain/tasks/purge-queue.ts';
import { queueSettings } from '../../../src/domain/tasks/queue.ts';
import { cancelled, claimed, completed, expiredIfOverdue, failed, type Task } from '../../../src/domain/tasks/task.ts';
import type { QueueStore, TaskStore } from '../../../src/ports/tasks.ts';
import { everyQueue } from '../../helpers/every-queue.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { overriding } from '../../helpers/overriding.ts';
import { putQueue } from '../../helpers/queues.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';
import { tasksWorld } from '../../helpers/tasks-world.ts';

const NOBODY = { code: 'TASKS_NOT_FOUND' };
const UNAVAILABLE = { code: 'STORE_UNAVAILABLE' };

describe('upkeep of queues', () => {
  let tasks: MemoryTaskStore;
  let queues: MemoryQueueStore;
  let clock: FakeClock;
  beforeEach(() => {
    tasks = new MemoryTaskStore(Number.MAX_SAFE_INTEGER);
    queues = new MemoryQueueStore();
    clock = new FakeClock(T0);
  });
  const world = (parts: { tasks?: TaskStore; queues?: QueueStore } = {}) =>
    tasksWorld({ tasks, queues, clock, ...parts });

  async function added(fields: Partial<Task> = {}): Promise<Task> {
    const task = aTask(fields);
    await tasks.add(task, 10_000);
    return task;
  }
  async function ended(change: (held: Task) => Task): Promise<Task> {
    const task = await added();
    await tasks.claim(task.taskId, aGrant('f'));
    const held = claimed(task, aGrant('f'));
    const after = change(held);
    await tasks.replace(held, after);
    return after;
  }
  const inStatus: Readonly<Record<Task['status'], () => Promise<Task>>> = {
    PENDING: () => added(),
    TAKEN: () => ended((held) => held),
    SUCCESS: () => ended((held) => completed(held, undefined, T0)),
    FAILURE: () => ended((held) => failed(held, 'no', undefined, T0)),
    SHED: () => ended((held) => expiredIfOverdue({ ...held, leaseUntil: T0, expiresAt: T0 }, T0) as Task),
    CANCELLED: () => ended((held) => cancelled(held, T0)),
  };
  const statuses = Object.keys(inStatus) as Task['status'][];

  describe('cancel', () => {
    it.each(statuses)('of a task in %s', async (status) => {
      const task = await inStatus[status]();
      const cancelling = world().cancelTask.execute(task.taskId);
      switch (status) {
        case 'PENDING':
        case 'TAKEN':
          expect(await cancelling).toMatchObject({ status: 'CANCELLED', finishedAt: T0 });
          break;
        case 'CANCELLED':
          expect(await cancelling).toEqual(task);
          break;
        default:
          await expect(cancelling).rejects.toMatchObject({ code: 'TASKS_NOT_CANCELLABLE' });
          expect(await tasks.get(task.taskId)).toEqual(task);
      }
    });

    it('of a task that is not there', async () => {
      await expect(world().cancelTask.execute('nobody')).rejects.toMatchObject(NOBODY);
    });

    it('goes on when the task moves meanwhile, and takes what it has become', async () => {
      const moves = [
        (task: Task) => tasks.claim(task.taskId, aGrant('f')),
        (task: Task) => tasks.replace(task, { ...task, leaseUntil: (task.leaseUntil as number) + 1 }),
      ];
      const moving = overriding<TaskStore>(tasks, {
        replace: async (before, after) => {
          await moves.shift()?.(before);
          return tasks.replace(before, after);
        },
      });
      const { taskId } = await added();
      expect(await world({ tasks: moving }).cancelTask.execute(taskId)).toMatchObject({
        status: 'CANCELLED',
        attempt: 1,
        history: [{ outcome: 'cancelled' }],
      });
    });

    it('is too late for a task that was completed just before', async () => {
      const held = await inStatus.TAKEN();
      const completing = overriding<TaskStore>(tasks, {
        replace: async (before, after) => {
          await tasks.replace(before, completed(before, undefined, T0));
          return tasks.replace(before, after);
        },
      });
      await expect(world({ tasks: completing }).cancelTask.execute(held.taskId)).rejects.toMatchObject({
        code: 'TASKS_NOT_CANCELLABLE',
      });
    });

    it('gives up on a task that never stands still', async () => {
      const restless = overriding<TaskStore>(tasks, { replace: async () => false });
      const { taskId } = await added();
      await expect(world({ tasks: restless }).cancelTask.execute(taskId)).rejects.toMatchObject(UNAVAILABLE);
    });
  });

  describe('purge', () => {
    it.each<PurgedStatus>(['PENDING', 'FAILURE', 'SHED', 'CANCELLED'])(
      'of %s leaves all others alone',
      async (status) => {
        const all = new Map<Task['status'], Task[]>();
        for (const each of statuses) all.set(each, [await inStatus[each](), await inStatus[each]()]);

        expect(await world().purgeQueue.purge('q', status)).toBe(2);

        for (const [each, found] of all)
          for (const task of found) {
            const now = await tasks.get(task.taskId);
            if (each !== status) expect(now).toEqual(task);
            else if (status === 'PENDING') expect(now).toMatchObject({ status: 'CANCELLED', finishedAt: T0 });
            else expect(now).toBeUndefined();
          }
        expect(await world().purgeQueue.purge('q', status)).toBe(0);
      },
    );

    it('takes at most 1,000 with each call, the newest first', async () => {
      const found: Task[] = [];
      for (let count = 0; count < 1_003; count++) found.push(await added());
      const { purgeQueue } = world();

      expect(await purgeQueue.purge('q', 'PENDING')).toBe(1_000);
      for (const { taskId } of found.slice(0, 3)) expect((await tasks.get(taskId))?.status).toBe('PENDING');
      expect(await purgeQueue.purge('q', 'PENDING')).toBe(3);
      expect((await tasks.stats('q', T0)).counters).toMatchObject({ enqueued: 1_003, cancelled: 1_003 });
    });

    it.each<[PurgedStatus, Task['status']]>([
      ['PENDING', 'TAKEN'],
      ['FAILURE', 'PENDING'],
    ])('of %s does not count what became %s before it came to it', async (status, becomes) => {
      const task = await inStatus[status]();
      const overtaken = overriding<TaskStore>(tasks, {
        list: async (...request) => {
          const page = await tasks.list(...request);
          if (status === 'PENDING') await tasks.claim(task.taskId, aGrant('g'));
          else await world().redriveTasks.one(task.taskId);
          return page;
        },
      });
      expect(await world({ tasks: overtaken }).purgeQueue.purge('q', status)).toBe(0);
      expect((await tasks.get(task.taskId))?.status).toBe(becomes);
    });
  });

  describe('the removal of a queue', () => {
    const settings = queueSettings('q', { order: 'fifo', maxPending: 9 });
    beforeEach(() => putQueue(queues, settings));

    it.each(statuses)('that holds a task in %s', async (status) => {
      const task = await inStatus[status]();
      const removing = world().purgeQueue.remove('q');
      if (status === 'PENDING' || status === 'TAKEN') {
        await expect(removing).rejects.toMatchObject({ code: 'TASKS_QUEUE_NOT_EMPTY' });
        expect(await queues.get('q')).toMatchObject({ ...settings, paused: false });
      } else {
        await removing;
        expect(await queues.get('q')).toBeUndefined();
        expect(await tasks.get(task.taskId)).toEqual(task);
      }
    });

    it.each<[string, number, (taskId: string) => Promise<unknown>]>([
      ['redriven', 1, (taskId) => world().redriveTasks.one(taskId)],
      ['redriven with all others', 1, () => world().redriveTasks.all('q')],
      ['left alone by a redrive of what was shed', 0, () => world().redriveTasks.all('q', { status: 'SHED' })],
    ])('ends when a failure that it has left behind is %s', async (_, count, redrive) => {
      const { taskId } = await inStatus.FAILURE();
      await world().purgeQueue.remove('q');
      await redrive(taskId);
      expect((await queues.list({ limit: 9 })).items).toEqual(
        Array(count).fill({ ...queueSettings('q'), paused: false, version: expect.any(String) }),
      );
    });

    it('that is not there', async () => {
      await expect(world().purgeQueue.remove('nobody')).rejects.toMatchObject({ code: 'TASKS_QUEUE_NOT_FOUND' });
    });

    it.each<[string, boolean, Partial<QueueStore>, string]>([
      ['a task comes in between', false, { remove: () => removeAnd(() => added()) }, 'TASKS_QUEUE_NOT_EMPTY'],
      ['the same befalls a paused one', true, { remove: () => removeAnd(() => added()) }, 'TASKS_QUEUE_NOT_EMPTY'],
      ['the answer is lost', true, { remove: () => removeAnd(unavailable) }, 'STORE_UNAVAILABLE'],
      ['the store refuses', false, { remove: () => unavailable() }, 'STORE_UNAVAILABLE'],
    ])('leaves it as it was when %s', async (_, paused, overrides, code) => {
      await queues.pause('q', paused);
      const failing = world({ queues: overriding<QueueStore>(queues, overrides) });
      await expect(failing.purgeQueue.remove('q')).rejects.toMatchObject({ code });
      expect(await queues.get('q')).toEqual({ ...settings, paused, version: expect.any(String) });
    });

    const unavailable = (): Promise<never> => Promise.reject(storeUnavailable());
    async function removeAnd(then: () => Promise<unknown>): Promise<boolean> {
      await queues.remove('q');
      await then();
      return true;
    }
  });

  describe('a paused queue', () => {
    const pauseQueue = (notifier = new MemoryTaskNotifier()) => new PauseQueue(queues, everyQueue(queues), notifier);

    it('gives nobody anything until it goes on, and wakes those who wait', async () => {
      await putQueue(queues, queueSettings('q'));
      const { taskId } = await added();
      const notifier = new MemoryTaskNotifier();
      const woken: string[] = [];
      notifier.subscribe((queue) => woken.push(queue));
      const claim = async () => (await world().claimTasks.execute('q', [{ max: 1 }])).flat();

      expect(await pauseQueue(notifier).execute('q', true)).toMatchObject({
        before: { paused: false },
        after: { ...queueSettings('q'), paused: true },
      });
      expect(await pauseQueue(notifier).execute('q', true)).toMatchObject({
        before: { paused: true },
        after: { paused: true },
      });
      expect(await claim()).toEqual([]);
      expect(woken).toEqual([]);

      expect(await pauseQueue(notifier).execute('q', false)).toMatchObject({ after: { paused: false } });
      expect(woken).toEqual(['q']);
      expect(await claim()).toMatchObject([{ taskId }]);
    });

    it('lets holders end their work, takes tasks, and sheds what waits too long', async () => {
      await putQueue(queues, queueSettings('q'));
      const held = await inStatus.TAKEN();
      await pauseQueue().execute('q', true);

      expect(await world().taskLeases.complete(held.taskId, 'f', '1')).toMatchObject({ status: 'SUCCESS' });
      const { task } = await world().enqueueTask.execute('q', { payload: 1, expiresInSeconds: 1 });
      clock.advance(1_000);
      await world().sweepTasks.execute();
      expect((await tasks.get(task.taskId))?.status).toBe('SHED');
    });

    it('is one that is there', async () => {
      await expect(pauseQueue().execute('q', true)).rejects.toMatchObject({ code: 'TASKS_QUEUE_NOT_FOUND' });
      expect(await queues.get('q')).toBeUndefined();
    });
  });
});
