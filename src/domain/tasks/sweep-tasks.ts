import type { Clock, Meter } from '../../ports/system.ts';
import type { ActiveMark, ActiveQueues, QueueStore, TaskNotifier, TaskStore } from '../../ports/tasks.ts';
import { concurrently } from '../shared/concurrently.ts';
import { pagesOf } from '../shared/page.ts';
import { someFailed } from '../shared/some-failed.ts';
import type { Queue, RunnerSettings } from './queue.ts';
import { recordEnd } from './record-end.ts';
import { expiredIfOverdue } from './task.ts';

const PAGE = 100;
/** The most pages of overdue tasks that one sweep ends in all queues together; the next sweep continues. */
const MAX_PAGES = 100;
/** Queues swept at the same time. */
const QUEUES_AT_ONCE = 10;

/**
 * How long a sweep goes on taking up queues for maintenance and pages of overdue tasks, ms. With the maintenance of a queue
 * that is under way then, and the figures, it ends within a minute, which is what a function has.
 */
const SETTLING_MS = 30_000;

/** The most by which the store's lists lag behind, ms. */
const SHOWN_AFTER_MS = 60_000;

/** A queue is stuck when its oldest task has waited and nothing has ended for so long, beside the time that a call may take, ms. */
const STUCK_MS = 300_000;

/** Scheduled work on queues: ends overdue tasks, runs maintenance, and notifies workers again, in case a notification was lost. */
export class SweepTasks {
  /** The last queue that was maintained in time, where there was no time for all: the next sweep begins behind it. */
  private lastInTime: string | undefined;

  constructor(
    private readonly tasks: TaskStore,
    private readonly queues: QueueStore,
    private readonly active: ActiveQueues,
    private readonly notifier: TaskNotifier,
    private readonly clock: Clock,
    private readonly meter: Meter,
  ) {}

  /**
   * Sweeps every active queue, and every half an hour all. One that cannot be swept does not keep the others from it. Delayed
   * tasks of all queues are brought back first, since they are due at a certain time and what is overdue is late already.
   * Of that, at most 10,000 tasks and one page of every queue are settled, so that the delayed ones do not have to wait for
   * long. After half a minute both are left to the next sweep, which begins with the queues that had no turn; figures are
   * recorded and workers notified all the same.
   *
   * Records `OldestTaskAge`, the longest wait, in ms, of any claimable task in any queue, and `OldestWorkerTaskAge`, the
   * same of the queues that have a runner, each as the oldest task of the queue tells, without queues that are paused;
   * `QueuesStuck`, in how many of the latter tasks wait and none ends; `TasksDone` and `TasksFailed` of what it has ended;
   * and `QueuesWithDeadLetters`, how many queues hold a FAILURE, unless there is a queue that it could not sweep.
   *
   * @throws AggregateError when some could not be swept, whose message names them; sweeping again is safe
   */
  async execute(): Promise<void> {
    const { marks, isComplete } = await this.active.list();
    const failures = new Map<string, unknown>();
    const endsAt = this.clock.now() + SETTLING_MS;
    const queues = this.inTurn(isComplete ? await this.markedQueues(marks, failures) : await this.allQueues());
    const forEach = async (some: readonly Queue[], work: (settings: Queue) => Promise<void>): Promise<void> => {
      await concurrently(QUEUES_AT_ONCE, some, (each) =>
        work(each).catch((error) => void failures.set(each.queue, error)),
      );
    };

    const maintained = new Set<string>();
    let isInTime = true;
    await forEach(queues, async ({ queue }) => {
      if (this.clock.now() >= endsAt) {
        isInTime = false;
        return;
      }
      this.lastInTime = queue;
      if (await this.tasks.runMaintenance(queue, this.clock.now())) maintained.add(queue);
    });
    if (isInTime) this.lastInTime = undefined;
    const empty = new Set<string>();
    const due: Queue[] = [];
    await forEach(queues, async (each) => {
      const now = this.clock.now();
      const dueAt = await this.tasks.nextDueAt(each.queue, now);
      if (dueAt === undefined) empty.add(each.queue);
      else if (!marks.has(each.queue)) await this.active.mark([each.queue]);
      if (dueAt !== undefined && dueAt <= now) due.push(each);
    });
    await this.expireOverdue(due, forEach, endsAt);
    const waiting = await this.measure(due, forEach);
    let queuesWithDeadLetters = 0;
    await forEach(queues, async ({ queue }) => {
      const { items } = await this.tasks.list(queue, 'FAILURE', { limit: 1 });
      queuesWithDeadLetters += items.length;
      if (!empty.has(queue)) return;
      const isIdle = items.length === 0 && maintained.has(queue);
      if (isIdle) await this.forget(queue, marks.get(queue));
      else if (!marks.has(queue)) await this.active.mark([queue]);
    });
    if (!isComplete && isInTime && failures.size === 0) await this.active.completed();
    // One notification for all: a processor that gets it reads every active queue.
    if (waiting.length > 0)
      await this.notifier.notify(waiting).catch((error) => waiting.map((queue) => failures.set(queue, error)));
    if (failures.size > 0) throw someFailed('queues', failures);
    // Not of a part of the queues, which would be too few. That it is missing tells of sweeps that do not go through.
    this.meter.record('QueuesWithDeadLetters', queuesWithDeadLetters, 'Count');
  }

  private inTurn(queues: readonly Queue[]): readonly Queue[] {
    const last = this.lastInTime ?? '';
    const byName = [...queues].sort((one, other) => (one.queue < other.queue ? -1 : 1));
    const isBehind = ({ queue }: Queue): boolean => queue > last;
    return [...byName.filter(isBehind), ...byName.filter((each) => !isBehind(each))];
  }

  /** Ends overdue tasks: a page of each queue in turn, so that a long queue does not delay the others. */
  private async expireOverdue(queues: readonly Queue[], forEach: ForEach, endsAt: number): Promise<void> {
    let unsettled = queues;
    for (let pages = 0; unsettled.length > 0 && pages < MAX_PAGES; pages += unsettled.length) {
      const full: Queue[] = [];
      await forEach(unsettled, async (each) => {
        if (this.clock.now() < endsAt && (await this.expirePage(each.queue))) full.push(each);
      });
      unsettled = full;
    }
  }

  /** Records how long tasks have been waiting, and in how many queues for nothing. @returns queues with a runner and a claimable task */
  private async measure(queues: readonly Queue[], forEach: ForEach): Promise<string[]> {
    let [oldestAge, oldestWorkerAge, stuck] = [0, 0, 0];
    const waiting: string[] = [];
    await forEach(queues, async ({ queue, runner, paused }) => {
      // Waiting is intended in a paused queue.
      if (paused) return;
      const [head] = await this.tasks.listClaimable(queue, 'fifo', 1, this.clock.now());
      if (head === undefined) return;
      if (runner) waiting.push(queue);
      const age = await this.ageOf(head);
      oldestAge = Math.max(oldestAge, age);
      if (!runner) return;
      oldestWorkerAge = Math.max(oldestWorkerAge, age);
      if (await this.isStuck(queue, runner, age)) stuck++;
    });
    this.meter.record('OldestTaskAge', oldestAge, 'Milliseconds');
    this.meter.record('OldestWorkerTaskAge', oldestWorkerAge, 'Milliseconds');
    this.meter.record('QueuesStuck', stuck, 'Count');
    return waiting;
  }

  /** @param age how long the oldest task has been waiting, ms; it may be old where others are preferred or come faster */
  private async isStuck(queue: string, { timeoutMs }: RunnerSettings, age: number): Promise<boolean> {
    const silenceMs = STUCK_MS + timeoutMs;
    if (age <= silenceMs) return false;
    const { throughputPerSecond = 0 } = await this.tasks.stats(queue, this.clock.now());
    return throughputPerSecond < 1000 / silenceMs;
  }

  /** Removes an idle queue from the active ones, unless the index may lag behind a new task. */
  private async forget(queue: string, mark: ActiveMark | undefined): Promise<void> {
    if (mark && mark.at < this.clock.now() - SHOWN_AFTER_MS) await this.active.forget(queue, mark);
  }

  private async markedQueues(marks: ReadonlyMap<string, ActiveMark>, failures: Map<string, unknown>): Promise<Queue[]> {
    const queues: Queue[] = [];
    await concurrently(QUEUES_AT_ONCE, [...marks], async ([queue, mark]) => {
      try {
        const settings = await this.queues.get(queue);
        if (settings) queues.push(settings);
        else await this.forget(queue, mark);
      } catch (error) {
        failures.set(queue, error);
      }
    });
    return queues;
  }

  private async allQueues(): Promise<Queue[]> {
    const queues: Queue[] = [];
    for await (const page of pagesOf((cursor) => this.queues.list({ limit: PAGE, cursor }))) queues.push(...page);
    return queues;
  }

  /** How long a task has been waiting since it could be claimed, ms. */
  private async ageOf(taskId: string): Promise<number> {
    const task = await this.tasks.get(taskId);
    return task ? Math.max(0, this.clock.now() - Math.max(task.createdAt, task.notBefore)) : 0;
  }

  /** Ends a page of overdue tasks. @returns whether there may be more; false if other processes ended all of it */
  private async expirePage(queue: string): Promise<boolean> {
    const now = this.clock.now();
    const tasks = await this.tasks.listOverdue(queue, now, PAGE);
    const outcomes = await Promise.all(
      tasks.map(async (task) => {
        const after = expiredIfOverdue(task, now);
        if (after === undefined || !(await this.tasks.replace(task, after))) return false;
        recordEnd(this.meter, after);
        return true;
      }),
    );
    return tasks.length === PAGE && outcomes.includes(true);
  }
}

type ForEach = (queues: readonly Queue[], work: (queue: Queue) => Promise<void>) => Promise<void>;
