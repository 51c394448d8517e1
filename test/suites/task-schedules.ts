import { expect } from '@jest/globals';
import fc from 'fast-check';
import { queueSettings } from '../../src/domain/tasks/queue.ts';
import { isOpen, type Task } from '../../src/domain/tasks/task.ts';
import type { QueueStore, TaskStore } from '../../src/ports/tasks.ts';
import type { FakeClock } from '../helpers/fakes.ts';
import { putQueue } from '../helpers/queues.ts';
import { tasksWorld } from '../helpers/tasks-world.ts';

/** What may happen next; indices name one of the claims or tasks so far. */
type Event =
  | { do: 'enqueue'; delaySeconds: number; expiresInSeconds: number; maxAttempts: number }
  | { do: 'claim'; max: number; leaseSeconds: number }
  | { do: 'heartbeat' | 'complete' | 'fail' | 'give up' | 'release'; claim: number }
  | { do: 'redrive' | 'cancel'; task: number }
  | { do: 'wait'; ms: number }
  | { do: 'sweep' };

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('enqueue' as const),
      delaySeconds: fc.constantFrom(0, 0, 0, 3),
      expiresInSeconds: fc.integer({ min: 1, max: 30 }),
      maxAttempts: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      max: fc.integer({ min: 1, max: 3 }),
      leaseSeconds: fc.integer({ min: 1, max: 10 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'heartbeat' as const,
        'complete' as const,
        'fail' as const,
        'give up' as const,
        'release' as const,
      ),
      claim: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('redrive' as const, 'cancel' as const), task: fc.nat() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 6_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
);

/** What a schedule runs on. */
export interface ScheduleParts {
  readonly tasks: TaskStore;
  readonly queues: QueueStore;
  readonly clock: FakeClock;
  /** Nobody has used it before. */
  readonly queue: string;
}

/** One queue, its callers, and the test's own book about who holds what. */
class Schedule {
  private readonly tasks: TaskStore;
  private readonly queues: QueueStore;
  private readonly clock: FakeClock;
  private readonly queue: string;
  private readonly world: ReturnType<typeof tasksWorld>;

  private readonly ids: string[] = [];
  private readonly claims: Task[] = [];
  /** The fence that holds each task, by the book. */
  private readonly holder = new Map<string, string>();
  private readonly finishes = new Map<string, number>();
  private readonly redrives = new Map<string, number>();

  constructor(
    { tasks, queues, clock, queue }: ScheduleParts,
    private readonly order: 'lifo' | 'fifo',
  ) {
    this.tasks = tasks;
    this.queues = queues;
    this.clock = clock;
    this.queue = queue;
    this.world = tasksWorld({ tasks, queues, clock });
  }

  async run(events: readonly Event[]): Promise<void> {
    await putQueue(this.queues, queueSettings(this.queue, { order: this.order }));
    for (const event of events) {
      await this.handle(event);
      await this.checkBooks();
    }
  }

  private async handle(event: Event): Promise<void> {
    switch (event.do) {
      case 'enqueue': {
        const { do: _, ...terms } = event;
        this.ids.push((await this.world.enqueueTask.execute(this.queue, { payload: null, ...terms })).task.taskId);
        return;
      }
      case 'claim':
        return this.claim(event.max, event.leaseSeconds);
      case 'redrive':
        return this.redrive(event.task);
      case 'cancel':
        return this.cancel(event.task);
      case 'wait':
        return this.clock.advance(event.ms);
      case 'sweep':
        return this.world.sweepTasks.execute();
      default:
        if (this.claims.length > 0) await this.act(event.do, this.claims[event.claim % this.claims.length] as Task);
    }
  }

  /** No task runs past its deadline, before its time or beside another holder; those that come are the next in order. */
  private async claim(max: number, leaseSeconds: number): Promise<void> {
    const now = this.clock.now();
    const claimable = (await this.all()).filter(
      (task) =>
        now >= task.notBefore &&
        now < task.expiresAt &&
        (task.status === 'PENDING' || (task.status === 'TAKEN' && now >= (task.leaseUntil as number))) &&
        task.attempt < task.maxAttempts,
    );
    claimable.sort((one, other) => (one.place < other.place ? -1 : 1));
    if (this.order === 'lifo') claimable.reverse();

    const [claimed = []] = await this.world.claimTasks.execute(this.queue, [{ max, leaseSeconds }]);

    expect(claimed.map(({ taskId }) => taskId)).toEqual(claimable.slice(0, max).map(({ taskId }) => taskId));
    for (const task of claimed) {
      this.holder.set(task.taskId, task.fence as string);
      this.claims.push(task);
    }
  }

  /** Whoever holds the task may act on it; an old fence changes nothing, but the fence that ended it may repeat itself. */
  private async act(action: 'heartbeat' | 'complete' | 'fail' | 'give up' | 'release', claim: Task): Promise<void> {
    const { taskId, fence = '' } = claim;
    const before = (await this.tasks.get(taskId)) as Task;
    const isHeld = before.status === 'TAKEN' && this.holder.get(taskId) === fence;
    const ending = { heartbeat: undefined, complete: 'complete', fail: 'fail', 'give up': 'fail', release: 'release' }[
      action
    ];
    const isRepeat =
      this.holder.get(taskId) === fence && before.status !== 'TAKEN' && before.endedBy === ending && !!ending;

    const acting = this.perform(action, taskId, fence);

    if (isHeld) {
      const after = await acting;
      if (!isOpen(after)) this.finishes.set(taskId, (this.finishes.get(taskId) ?? 0) + 1);
    } else if (isRepeat) {
      expect(await acting).toEqual(before);
    } else {
      await expect(acting).rejects.toMatchObject({ code: 'TASKS_LEASE_LOST' });
      expect(await this.tasks.get(taskId)).toEqual(before);
    }
  }

  private perform(action: string, taskId: string, fence: string): Promise<Task> {
    switch (action) {
      case 'heartbeat':
        return this.world.taskLeases.extend(taskId, fence);
      case 'complete':
        return this.world.taskLeases.complete(taskId, fence, '1');
      case 'release':
        return this.world.taskLeases.release(taskId, fence);
      default:
        return this.world.taskLeases.fail(taskId, fence, { error: 'no', retry: action === 'fail' });
    }
  }

  private async redrive(index: number): Promise<void> {
    const taskId = this.ids[index % Math.max(1, this.ids.length)];
    if (taskId === undefined) return;
    const before = (await this.tasks.get(taskId)) as Task;
    const redriving = this.world.redriveTasks.one(taskId);
    if (before.status === 'FAILURE' || before.status === 'SHED') {
      expect(await redriving).toMatchObject({ status: 'PENDING', attempt: 0 });
      this.redrives.set(taskId, (this.redrives.get(taskId) ?? 0) + 1);
    } else await expect(redriving).rejects.toMatchObject({ code: 'TASKS_NOT_REDRIVABLE' });
  }

  private async cancel(index: number): Promise<void> {
    const taskId = this.ids[index % Math.max(1, this.ids.length)];
    if (taskId === undefined) return;
    const before = (await this.tasks.get(taskId)) as Task;
    const cancelling = this.world.cancelTask.execute(taskId);
    if (isOpen(before)) expect(await cancelling).toMatchObject({ status: 'CANCELLED' });
    else if (before.status === 'CANCELLED') expect(await cancelling).toEqual(before);
    else await expect(cancelling).rejects.toMatchObject({ code: 'TASKS_NOT_CANCELLABLE' });
  }

  /** No task is lost, none finishes twice, and the counters add up. */
  private async checkBooks(): Promise<void> {
    const tasks = await this.all();
    expect(tasks).toHaveLength(this.ids.length);
    const count = (status: string): number => tasks.filter((task) => task.status === status).length;
    const { pending, taken, deadLetters, counters } = await this.tasks.stats(this.queue, this.clock.now());
    expect({ pending, taken, deadLetters }).toEqual({
      pending: count('PENDING'),
      taken: count('TAKEN'),
      deadLetters: count('FAILURE'),
    });
    expect(counters).toMatchObject({
      enqueued: tasks.length,
      succeeded: count('SUCCESS'),
      cancelled: count('CANCELLED'),
      redriven: [...this.redrives.values()].reduce((sum, times) => sum + times, 0),
    });
    const { succeeded, failed, shed, cancelled } = counters;
    expect(counters.enqueued + counters.redriven).toBe(succeeded + failed + shed + cancelled + pending + taken);
    expect(failed + shed).toBe(count('FAILURE') + count('SHED') + counters.redriven);
    for (const [taskId, times] of this.finishes)
      expect(times).toBeLessThanOrEqual(1 + (this.redrives.get(taskId) ?? 0));
  }

  private async all(): Promise<Task[]> {
    return Promise.all(this.ids.map(async (taskId) => (await this.tasks.get(taskId)) as Task));
  }
}

/**
 * Runs random schedules: no task runs on an expired deadline or beside another holder, none finishes twice, an old fence
 * never wins, and those that are claimed are the next in order.
 *
 * @param open what each run gets
 */
export const holdSchedules = (
  order: 'lifo' | 'fifo',
  open: () => Promise<ScheduleParts>,
  { runs, maxEvents }: { readonly runs: number; readonly maxEvents: number },
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { minLength: 10, maxLength: maxEvents }), async (events) =>
      new Schedule(await open(), order).run(events),
    ),
    { numRuns: runs },
  );
