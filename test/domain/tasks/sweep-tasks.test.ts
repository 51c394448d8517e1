import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryQueueStore } from '../../../src/adapters/memory/queue-store.ts';
import { MemoryTaskNotifier } from '../../../src/adapters/memory/task-notifier.ts';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import { queueSettings } from '../../../src/domain/tasks/queue.ts';
import { SweepTasks } from '../../../src/domain/tasks/sweep-tasks.ts';
import { redriven, type Task } from '../../../src/domain/tasks/task.ts';
import type { Meter } from '../../../src/ports/system.ts';
import type { TaskStore } from '../../../src/ports/tasks.ts';
import { everyQueue } from '../../helpers/every-queue.ts';
import { FakeActiveQueues, FakeClock } from '../../helpers/fakes.ts';
import { overriding } from '../../helpers/overriding.ts';
import { putQueue } from '../../helpers/queues.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';

describe('a sweep', () => {
  let store: MemoryTaskStore;
  let queues: MemoryQueueStore;
  let clock: FakeClock;
  const runner = { url: 'http://127.0.0.1:1/' };
  let woken: string[];
  let signals: number;
  let notifier: MemoryTaskNotifier;
  let figures: [name: string, value: number, unit: string][];
  const meter: Meter = { record: (...figure) => figures.push(figure) };
  beforeEach(() => {
    store = new MemoryTaskStore(10_000);
    queues = new MemoryQueueStore();
    clock = new FakeClock(T0);
    woken = [];
    figures = [];
    notifier = new MemoryTaskNotifier();
    signals = 0;
    notifier.subscribe((queue) => woken.push(queue));
    const notify = notifier.notify.bind(notifier);
    notifier.notify = (...signal) => {
      signals++;
      return notify(...signal);
    };
  });

  const sweep = (tasks: TaskStore = store): Promise<void> =>
    new SweepTasks(tasks, queues, everyQueue(queues), notifier, clock, meter).execute();

  const recorded = (name: string) => figures.filter(([each]) => each === name).map(([, ...figure]) => figure);

  async function add(task: Partial<Task>): Promise<Task> {
    const stored = aTask(task);
    await queues.create(queueSettings(stored.queue));
    await store.add(stored, 10_000);
    return stored;
  }

  it('sheds every expired task of every queue, however many', async () => {
    for (let index = 0; index < 250; index++) await add({ queue: 'many', expiresAt: T0 + 1_000 });
    for (let index = 0; index < 120; index++) await add({ queue: `q${index}`, expiresAt: T0 + 1_000 });
    const kept = await add({ queue: 'many' });

    clock.advance(1_000);
    await sweep();

    expect(await store.stats('many', clock.now())).toMatchObject({ pending: 1, counters: { shed: 250 } });
    for (let index = 0; index < 120; index++)
      expect(await store.stats(`q${index}`, clock.now())).toMatchObject({ pending: 0, counters: { shed: 1 } });
    expect(await store.get(kept.taskId)).toEqual(kept);
  });

  it('settles what is overdue in a paused queue, wakes nobody there, and tells of no wait that somebody wants', async () => {
    for (const queue of ['paused', 'open']) await putQueue(queues, queueSettings(queue, { runner }));
    for (const queue of ['paused', 'open'])
      for (const expiresAt of [T0 + 1_000, T0 + 100_000]) await add({ queue, expiresAt });
    await queues.pause('paused', true);
    clock.advance(1_000);
    await sweep();
    expect(await store.stats('paused', clock.now())).toMatchObject({ pending: 1, counters: { shed: 1 } });
    expect(woken).toEqual(['open']);

    await queues.pause('open', true);
    await sweep();
    expect(recorded('OldestTaskAge')).toEqual([
      [1_000, 'Milliseconds'],
      [0, 'Milliseconds'],
    ]);
  });

  it('ends in time where maintenance is slow, tells and wakes all the same, and begins with the others next time', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `q${10 + index}`);
    for (const queue of names) {
      await putQueue(queues, queueSettings(queue, { runner }));
      await add({ queue });
    }
    await add({ queue: 'q34', expiresAt: T0 + 1 });
    clock.advance(5_000);
    const turns: string[][] = [];
    const slow = overriding<TaskStore>(store, {
      runMaintenance: async (queue) => {
        turns.at(-1)?.push(queue);
        clock.advance(4_000);
        return true;
      },
    });
    const active = everyQueue(queues);
    const completed: number[] = [];
    const sweepTasks = new SweepTasks(
      slow,
      queues,
      overriding(active, { completed: async () => void completed.push(turns.length) }),
      notifier,
      clock,
      meter,
    );
    for (let round = 0; round < 4; round++) {
      turns.push([]);
      const startedAt = clock.now();
      await sweepTasks.execute();
      expect(clock.now() - startedAt).toBeLessThan(35_000);
    }

    expect(recorded('OldestTaskAge')).toHaveLength(4);
    expect(woken.filter((queue) => queue === 'q34')).toHaveLength(4);
    expect(turns.map(({ length }) => length)).toEqual([8, 8, 8, 8]);
    expect(turns.flat()).toEqual([...names, ...names].slice(0, 32));
    expect(completed).toEqual([]);
    expect(await store.stats('q34', clock.now())).toMatchObject({ counters: { shed: 0 } });
    await sweep();
    expect(await store.stats('q34', clock.now())).toMatchObject({ counters: { shed: 1 } });
  });

  it('leaves a task alone that was shed and redriven since it was seen', async () => {
    const seen = await add({ expiresAt: T0 + 1_000 });
    clock.advance(1_000);
    let slow = false;
    const meanwhile = overriding<TaskStore>(store, {
      listOverdue: async (...search) => {
        const found = await store.listOverdue(...search);
        if (slow || found.length === 0) return found;
        slow = true;
        await sweep();
        const shed = (await store.get(seen.taskId)) as Task;
        await store.replace(shed, redriven(shed, 60, clock.now()));
        return found;
      },
    });

    await sweep(meanwhile);

    expect(slow).toBe(true);
    expect(await store.get(seen.taskId)).toMatchObject({ status: 'PENDING', expiresAt: T0 + 61_000 });
  });

  it('settles every overdue task also beside another sweep that is faster now and then', async () => {
    for (let index = 0; index < 250; index++) await add({ expiresAt: T0 });
    let replaced = 0;
    const raced = overriding<TaskStore>(store, {
      replace: async (before, after) => {
        if (replaced++ % 50 === 0) await store.replace(before, after);
        return store.replace(before, after);
      },
    });

    await sweep(raced);
    expect(await store.stats('q', T0)).toMatchObject({ pending: 0, counters: { shed: 250 } });
  });

  it('ends when it settles nothing, whatever the store shows', async () => {
    const tasks: Task[] = [];
    for (let index = 0; index < 100; index++) tasks.push(await add({ expiresAt: T0 }));
    const stale = overriding<TaskStore>(store, { listOverdue: async () => tasks });

    await sweep(stale);
    expect((await store.stats('q', T0)).counters.shed).toBe(100);
  });

  it('brings back delayed tasks of every queue before it settles any', async () => {
    const steps: string[] = [];
    const watched = overriding<TaskStore>(store, {
      runMaintenance: async (queue, now) => {
        steps.push('tidied');
        return store.runMaintenance(queue, now);
      },
      listOverdue: async (...search) => {
        steps.push('searched');
        return store.listOverdue(...search);
      },
    });
    for (let index = 0; index < 25; index++) await add({ queue: `q${index}` });

    await sweep(watched);
    expect(steps).toEqual([...Array(25).fill('tidied'), ...Array(25).fill('searched')]);
  });

  it('lets nobody wait for a queue with very many overdue tasks: each queue gets its turn, and the next sweep goes on', async () => {
    for (let index = 0; index < 10_000; index++) await add({ queue: 'many', expiresAt: T0 });
    for (let index = 0; index < 250; index++) await add({ queue: 'some', expiresAt: T0 });
    const settled: string[] = [];
    const watched = overriding<TaskStore>(store, {
      replace: async (before, after) => {
        settled.push(before.queue);
        return store.replace(before, after);
      },
    });
    const left = async () => (await store.stats('many', T0)).pending;

    await sweep(watched);
    expect(settled.lastIndexOf('some')).toBeLessThan(700);
    expect((await store.stats('some', T0)).pending).toBe(0);
    expect(await left()).toBeGreaterThan(0);
    await sweep(watched);
    expect(await left()).toBe(0);
  });

  it('settles what is overdue in a queue whose delayed tasks cannot be brought back', async () => {
    await add({ queue: 'a', expiresAt: T0 });
    const failing = overriding<TaskStore>(store, { runMaintenance: async () => Promise.reject(storeUnavailable()) });

    await expect(sweep(failing)).rejects.toThrow('1 queues');
    expect((await store.stats('a', T0)).counters.shed).toBe(1);
  });

  it('fails what no attempt is left for, and leaves other leases that ran out to whoever claims next', async () => {
    const last = await add({ maxAttempts: 1 });
    const other = await add({});
    await store.claim(last.taskId, aGrant('f1', T0, 1_000));
    await store.claim(other.taskId, aGrant('f2', T0, 1_000));

    clock.advance(1_000);
    await sweep();

    expect(await store.get(last.taskId)).toMatchObject({ status: 'FAILURE', finishedAt: T0 + 1_000 });
    expect(await store.get(other.taskId)).toMatchObject({ status: 'TAKEN', attempt: 1 });
  });

  it('wakes the queues whose runners have something to do, all with one signal', async () => {
    for (const queue of ['ready', 'later', 'held', 'empty']) await putQueue(queues, queueSettings(queue, { runner }));
    await add({ queue: 'for others' });
    await add({ queue: 'ready' });
    await add({ queue: 'later', notBefore: T0 + 1_000 });
    const held = await add({ queue: 'held' });
    await store.claim(held.taskId, aGrant('f', T0, 1_000));

    await sweep();
    expect(woken).toEqual(['ready']);

    woken = [];
    clock.advance(1_000);
    await sweep();
    expect([...woken].sort()).toEqual(['held', 'later', 'ready']);
    expect(signals).toBe(2);
  });

  it('counts a queue that could not be woken among its failures, and does everything else', async () => {
    await putQueue(queues, queueSettings('q', { runner }));
    await add({});
    notifier.notify = () => Promise.reject(new Error('no topic'));

    await expect(sweep()).rejects.toThrow('1 queues');
    expect(recorded('QueuesStuck')).toEqual([[0, 'Count']]);
    expect(recorded('QueuesWithDeadLetters')).toEqual([]);
  });

  it('tells how many queues hold a FAILURE when it went through, and not while a queue fails', async () => {
    await store.claim((await add({ queue: 'dead', maxAttempts: 1 })).taskId, aGrant('f', T0, 1_000));
    await add({ queue: 'other' });
    clock.advance(1_000);
    const failing = overriding<TaskStore>(store, {
      runMaintenance: async (queue, now) =>
        queue === 'other' ? Promise.reject(storeUnavailable()) : store.runMaintenance(queue, now),
    });

    await expect(sweep(failing)).rejects.toThrow('1 queues');
    expect(recorded('QueuesWithDeadLetters')).toEqual([]);
    await sweep();
    expect(recorded('QueuesWithDeadLetters')).toEqual([[1, 'Count']]);
  });

  it('records what it ends as FAILURE, once, and not what it sheds', async () => {
    for (let index = 0; index < 3; index++)
      await store.claim((await add({ maxAttempts: 1 })).taskId, aGrant(`f${index}`, T0, 1_000));
    await add({ expiresAt: T0 + 1_000 });
    clock.advance(1_000);
    const raced = overriding<TaskStore>(store, {
      replace: async (before, after) => {
        await store.replace(before, after);
        return store.replace(before, after);
      },
    });

    await sweep(raced);
    expect(recorded('TasksFailed')).toEqual([]);
    await store.claim((await add({ maxAttempts: 1 })).taskId, aGrant('f', clock.now(), 1_000));
    clock.advance(1_000);
    await sweep();
    await sweep();
    expect(recorded('TasksFailed')).toEqual([[1, 'Count']]);
    expect(recorded('TasksDone')).toEqual([[1, 'Count']]);
  });

  describe('counts a queue as stuck', () => {
    const MINUTE = 60_000;
    const stuck = async (): Promise<unknown> => {
      figures = [];
      await sweep();
      return recorded('QueuesStuck')[0]?.[0];
    };
    async function done(queue: string): Promise<void> {
      const { taskId } = await add({ queue, createdAt: clock.now() });
      await store.claim(taskId, aGrant(taskId, clock.now(), MINUTE));
      const held = (await store.get(taskId)) as Task;
      await store.replace(held, { ...held, status: 'SUCCESS', finishedAt: clock.now(), leaseUntil: undefined });
    }
    const waitIn = (queue: string) => add({ queue, createdAt: clock.now(), expiresAt: T0 + 1_000 * MINUTE });

    it('when its oldest task waits for five minutes and a call, and none ends, whatever other queues do', async () => {
      for (const queue of ['dead', 'busy'])
        await putQueue(queues, queueSettings(queue, { runner: { ...runner, timeoutMs: MINUTE, concurrency: 1 } }));
      for (const queue of ['dead', 'busy']) await waitIn(queue);
      for (let minute = 0; minute < 6; minute++) {
        clock.advance(MINUTE);
        await done('busy');
        expect(await stuck()).toBe(0);
      }
      clock.advance(1);
      expect(await stuck()).toBe(1);
      await done('dead');
      expect(await stuck()).toBe(0);

      clock.advance(5 * MINUTE);
      expect(await stuck()).toBe(0);
      clock.advance(2 * MINUTE);
      expect(await stuck()).toBe(2);
    });

    it('if it has a runner and is not paused', async () => {
      await putQueue(queues, queueSettings('paused', { runner: { ...runner, timeoutMs: MINUTE, concurrency: 1 } }));
      await queues.pause('paused', true);
      for (const queue of ['paused', 'for others']) await waitIn(queue);
      clock.advance(60 * MINUTE);

      expect(await stuck()).toBe(0);
    });
  });

  describe('of active queues', () => {
    const MINUTE = 60_000;
    let active: FakeActiveQueues;
    beforeEach(() => {
      active = new FakeActiveQueues(clock);
      active.isComplete = true;
    });
    const sweepActive = (tasks: TaskStore = store): Promise<void> =>
      new SweepTasks(tasks, queues, active, notifier, clock, meter).execute();
    /** Which queues the store was asked about. */
    async function asked(): Promise<string[]> {
      const names = new Set<string>();
      await sweepActive(
        overriding<TaskStore>(store, {
          runMaintenance: async (queue, now) => {
            names.add(queue);
            return store.runMaintenance(queue, now);
          },
        }),
      );
      return [...names].sort();
    }

    it('asks about no other', async () => {
      for (const queue of ['a', 'b', 'c']) await add({ queue });
      expect(await asked()).toEqual([]);
      await active.mark(['b']);
      expect(await asked()).toEqual(['b']);
    });

    it('asks about every queue while some may be missing, and marks those that hold anything', async () => {
      await add({ queue: 'open' });
      await add({ queue: 'delayed', notBefore: T0 + MINUTE });
      await store.claim((await add({ queue: 'held' })).taskId, aGrant('f', T0, MINUTE));
      const dead = await add({ queue: 'dead', maxAttempts: 1 });
      await store.claim(dead.taskId, aGrant('f', T0 - 1_000, 1_000));
      await queues.create(queueSettings('empty'));
      active.isComplete = false;

      expect(await asked()).toEqual(['dead', 'delayed', 'empty', 'held', 'open']);
      expect([...active.marks.keys()].sort()).toEqual(['dead', 'delayed', 'held', 'open']);
      expect(active.isComplete).toBe(true);
      expect(await asked()).toEqual(['dead', 'delayed', 'held', 'open']);
    });

    it('looks at every queue again when one could not be swept', async () => {
      await add({});
      active.isComplete = false;
      const failing = overriding<TaskStore>(store, { nextDueAt: async () => Promise.reject(storeUnavailable()) });

      await expect(sweepActive(failing)).rejects.toThrow('1 queues');
      expect(active.isComplete).toBe(false);
    });

    it('forgets a queue that has been empty and quiet for a minute, also one without settings', async () => {
      await queues.create(queueSettings('quiet'));
      await queues.create(queueSettings('unsettled'));
      await active.mark(['quiet', 'unsettled', 'removed']);
      const untidy = overriding<TaskStore>(store, { runMaintenance: async (queue) => queue !== 'unsettled' });
      clock.advance(MINUTE);
      await sweepActive(untidy);
      expect([...active.marks.keys()]).toEqual(['quiet', 'unsettled', 'removed']);

      clock.advance(1);
      await sweepActive(untidy);
      expect([...active.marks.keys()]).toEqual(['unsettled']);
    });

    it('forgets no queue that holds a task, or is marked meanwhile', async () => {
      const held = await add({ queue: 'held' });
      await store.claim(held.taskId, aGrant('f', T0, 10 * MINUTE));
      await queues.create(queueSettings('raced'));
      await active.mark(['held', 'raced']);
      clock.advance(2 * MINUTE);
      const meanwhile = overriding<TaskStore>(store, {
        nextDueAt: async (queue, now) => {
          const at = await store.nextDueAt(queue, now);
          if (queue === 'raced') await active.mark(['raced']);
          return at;
        },
      });

      await sweepActive(meanwhile);
      expect([...active.marks.keys()].sort()).toEqual(['held', 'raced']);
    });
  });

  it('lets finished tasks go when they were kept long enough', async () => {
    const task = await add({ expiresAt: T0 });
    await sweep();
    clock.advance(9_999);
    await sweep();
    expect(await store.get(task.taskId)).toBeDefined();

    clock.advance(1);
    await sweep();
    expect(await store.get(task.taskId)).toBeUndefined();
  });

  it('goes on with the other queues when one fails, and says so', async () => {
    for (const queue of ['a', 'b', 'c']) await add({ queue, expiresAt: T0 });
    const failing = overriding<TaskStore>(store, {
      listOverdue: async (queue, ...rest) => {
        if (queue === 'b') throw storeUnavailable();
        return store.listOverdue(queue, ...rest);
      },
    });

    await expect(sweep(failing)).rejects.toThrow('1 queues');
    expect((await store.stats('c', T0)).counters.shed).toBe(1);
    expect((await store.stats('b', T0)).counters.shed).toBe(0);
  });

  it('records how long the oldest task of all queues has waited since it could be claimed', async () => {
    await sweep();
    await add({ queue: 'a', notBefore: T0 + 4_000, expiresAt: T0 + 90_000 });
    await add({ queue: 'b', createdAt: T0 + 6_000, expiresAt: T0 + 90_000 });
    await add({ queue: 'c', notBefore: T0 + 60_000 });
    clock.advance(10_000);
    await sweep();

    expect(recorded('OldestTaskAge')).toEqual([
      [0, 'Milliseconds'],
      [6_000, 'Milliseconds'],
    ]);
  });

  it('records the same of the queues that the workers of the service drain', async () => {
    await putQueue(queues, queueSettings('drained', { runner: { url: 'http://127.0.0.1:1/' } }));
    await add({ queue: 'drained', createdAt: T0 + 3_000 });
    await add({ queue: 'elsewhere' });
    await sweep();
    clock.advance(10_000);
    await sweep();

    expect(recorded('OldestTaskAge').at(-1)).toEqual([10_000, 'Milliseconds']);
    expect(recorded('OldestWorkerTaskAge')).toEqual([
      [0, 'Milliseconds'],
      [7_000, 'Milliseconds'],
    ]);
  });

  it('records how many queues hold dead letters', async () => {
    for (const queue of ['a', 'a', 'b', 'c']) await add({ queue, maxAttempts: queue === 'c' ? 2 : 1 });
    await sweep();
    for (const queue of ['a', 'b', 'c'])
      for (const taskId of await store.listClaimable(queue, 'fifo', 10, T0))
        await store.claim(taskId, aGrant(`f-${taskId}`, T0, 1_000));
    clock.advance(1_000);
    await sweep();

    expect(recorded('QueuesWithDeadLetters')).toEqual([
      [0, 'Count'],
      [2, 'Count'],
    ]);
  });
});
