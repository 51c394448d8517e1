import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryQueueStore } from '../../../src/adapters/memory/queue-store.ts';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import type { ClaimTasks } from '../../../src/domain/tasks/claim-tasks.ts';
import { queueSettings } from '../../../src/domain/tasks/queue.ts';
import { completed, type Lease, type Task } from '../../../src/domain/tasks/task.ts';
import type { ClaimOutcome, TaskStore } from '../../../src/ports/tasks.ts';
import { FakeClock, seededRandom } from '../../helpers/fakes.ts';
import { overriding } from '../../helpers/overriding.ts';
import { putQueue } from '../../helpers/queues.ts';
import { aTask, T0 } from '../../helpers/tasks.ts';
import { tasksWorld } from '../../helpers/tasks-world.ts';

describe('claiming', () => {
  let store: MemoryTaskStore;
  let queues: MemoryQueueStore;
  let clock: FakeClock;
  beforeEach(() => {
    store = new MemoryTaskStore(Number.MAX_SAFE_INTEGER);
    queues = new MemoryQueueStore();
    clock = new FakeClock(T0);
  });

  const claimTasks = (tasks: TaskStore = store): ClaimTasks =>
    tasksWorld({ tasks, queues, clock, random: seededRandom(3) }).claimTasks;

  async function fill(count: number): Promise<Task[]> {
    const tasks = Array.from({ length: count }, () => aTask());
    for (const task of tasks) await store.add(task, count);
    return tasks;
  }

  const idsOf = (tasks: readonly Task[] = []): string[] => tasks.map(({ taskId }) => taskId);

  it('gives each of 1,000 tasks once to 100 claimers that come at the same time', async () => {
    const tasks = await fill(1_000);
    const claimers = Array.from({ length: 100 }, () => claimTasks());

    const answers = await Promise.all(claimers.map((claimer) => claimer.execute('q', [{ max: 10 }])));

    expect(answers.every(([claimed]) => claimed?.length === 10)).toBe(true);
    expect(idsOf(answers.flat(2)).sort()).toEqual(idsOf(tasks).sort());
  });

  it('serves several claimers with one look, the first one first, each with its own lease', async () => {
    const tasks = await fill(5);
    let looks = 0;
    const counting = overriding<TaskStore>(store, {
      listClaimable: (...look) => {
        looks++;
        return store.listClaimable(...look);
      },
    });

    const [first, second, third] = await claimTasks(counting).execute('q', [
      { max: 2 },
      { max: 1, leaseSeconds: 5 },
      { max: 2, leaseSeconds: 9 },
    ]);

    const [a, b, c, d, e] = idsOf([...tasks].reverse());
    expect([idsOf(first), idsOf(second), idsOf(third)]).toEqual([[a, b], [c], [d, e]]);
    expect([first, second, third].map((claimed) => claimed?.[0]?.leaseUntil)).toEqual([
      T0 + 30_000,
      T0 + 5_000,
      T0 + 9_000,
    ]);
    expect(looks).toBe(1);
  });

  it('hands tasks over in the order of the queue, in whatever order the store answers', async () => {
    const tasks = await fill(3);
    const answers: (() => void)[] = [];
    const reversing = overriding<TaskStore>(store, {
      claim: async (...claim) => {
        const outcome = store.claim(...claim);
        const turn = new Promise<void>((resolve) => answers.unshift(resolve));
        if (answers.length === 3) for (const answer of answers) setImmediate(answer);
        await turn;
        return outcome;
      },
    });

    const [claimed] = await claimTasks(reversing).execute('q', [{ max: 3 }]);
    expect(idsOf(claimed)).toEqual(idsOf([...tasks].reverse()));
  });

  it('hands over what it has when the store fails on the way, and fails when it has nothing', async () => {
    const tasks = await fill(3);
    const newest = tasks.at(-1)?.taskId;
    const failing = overriding<TaskStore>(store, {
      claim: async (taskId: string, grant: Lease): Promise<ClaimOutcome> => {
        if (taskId !== newest) throw storeUnavailable();
        return store.claim(taskId, grant);
      },
    });

    const [claimed] = await claimTasks(failing).execute('q', [{ max: 3 }]);
    expect(idsOf(claimed)).toEqual([newest]);

    await expect(claimTasks(failing).execute('q', [{ max: 3 }])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('takes no more than its share where there are few tasks and others claim too, and still comes to all of them', async () => {
    await fill(40);
    let batches: number[] = [];
    let isContended = true;
    const contended = overriding<TaskStore>(store, {
      listClaimable: async (...look) => {
        batches.push(0);
        return store.listClaimable(...look);
      },
      claim: async (taskId, grant) => {
        batches.push((batches.pop() ?? 0) + 1);
        const other = { ...grant, fence: 'faster' };
        if (isContended) await store.claim(taskId, other);
        return store.claim(taskId, grant);
      },
    });
    const claimer = claimTasks(contended);
    await claimer.execute('q', [{ max: 1 }]);
    isContended = false;
    for (let count = 0; count < 6; count++) await store.add(aTask(), 1_000);
    batches = [];

    const [claimed] = await claimer.execute('q', [{ max: 10 }]);
    expect(claimed).toHaveLength(6);
    expect(Math.max(...batches)).toBeLessThan(3);
  });

  it('keeps to the order while it is alone, also in a store that still shows what was just claimed or finished', async () => {
    const tasks = await fill(150);
    const shown: string[] = [];
    const lagging = overriding<TaskStore>(store, {
      listClaimable: async (...look) => [...shown, ...(await store.listClaimable(...look))].sort().reverse(),
      claim: async (taskId, grant) => {
        const outcome = await store.claim(taskId, grant);
        if (outcome.kind === 'claimed' && shown.push(taskId) > 3) shown.shift();
        return outcome;
      },
    });
    const claimer = claimTasks(lagging);

    const claimed: (string | undefined)[] = [];
    for (let count = 0; count < 100; count++) {
      clock.advance(5);
      const [[task] = []] = await claimer.execute('q', [{ max: 1 }]);
      claimed.push(task?.taskId);
      if (task && count % 2 === 0) await store.replace(task, completed(task, undefined, clock.now()));
    }
    expect(claimed).toEqual(idsOf([...tasks].reverse()).slice(0, 100));
  });

  it('ends when the store keeps showing tasks that cannot be claimed', async () => {
    const [task] = await fill(1);
    const stale = overriding<TaskStore>(store, { listClaimable: async () => [(task as Task).taskId] });
    await claimTasks().execute('q', [{ max: 1 }]);

    expect(await claimTasks(stale).execute('q', [{ max: 1 }])).toEqual([[]]);
  });

  it('turns an adaptive queue to the newest first while it cannot drain in time, and back', async () => {
    await putQueue(queues, queueSettings('q', { order: 'adaptive', deadlineSeconds: 100 }));
    const tasks = await fill(100);
    const claimer = claimTasks();
    const claimOne = async (): Promise<string | undefined> => {
      clock.advance(1_000);
      const [claimed] = await claimer.execute('q', [{ max: 1 }]);
      const task = claimed?.[0];
      if (task) await store.replace(task, completed(task, undefined, clock.now()));
      return task?.taskId;
    };

    // Nothing was ever finished, so nothing says that the backlog cannot drain.
    expect(await claimOne()).toBe(tasks[0]?.taskId);
    // From now on 1 task a second leaves a backlog that takes 98 s, then 97 s … of a deadline of 100 s.
    const rest = [];
    for (let count = 0; count < 99; count++) rest.push(await claimOne());
    expect(rest.slice(0, 80)).toEqual(idsOf(tasks.slice(20).reverse()));
    expect(rest.slice(80)).toEqual(idsOf(tasks.slice(1, 20)));
  });
});
