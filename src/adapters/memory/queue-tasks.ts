import type { Order } from '../../domain/tasks/order.ts';
import { type Counters, counterOf, dueSince, noCounts, type QueueStats } from '../../domain/tasks/queue-stats.ts';
import {
  dueAt,
  expiredIfOverdue,
  isClaimable,
  isIdle,
  isOpen,
  type Task,
  type TaskStatus,
} from '../../domain/tasks/task.ts';
import { Throughput } from '../common/throughput.ts';

/** A task in the store; the lists of its queue share it, so that a change in place is seen in all of them. */
export interface Entry {
  task: Task;
  /** Whether it is in the list of ready tasks. */
  isReady: boolean;
}

type FinalStatus = Exclude<TaskStatus, 'PENDING' | 'TAKEN'>;

/** The tasks of one queue. */
export class QueueTasks {
  /** Each list by place, oldest first. */
  private readonly open: Entry[] = [];
  private readonly finished: Readonly<Record<FinalStatus, Entry[]>> = {
    SUCCESS: [],
    FAILURE: [],
    SHED: [],
    CANCELLED: [],
  };
  /** Open tasks that were due at the last query, so that queries do not scan past delayed ones. */
  private readonly ready: Entry[] = [];
  /** The other open ones, by when they are due. */
  private readonly waiting: Entry[] = [];
  private pending = 0;
  private readonly throughput = new Throughput();
  private counters: Counters = noCounts;

  get openCount(): number {
    return this.open.length;
  }

  refuse(): void {
    this.raise('refused');
  }

  add(entry: Entry): void {
    insert(this.open, entry);
    insert(this.waiting, entry, byDueTime);
    this.pending++;
    this.raise(counterOf(undefined, entry.task.status));
  }

  /** Replaces the task of an entry and moves the entry to the list of its new status. */
  change(entry: Entry, after: Task): void {
    const before = entry.task;
    const [from, to] = [this.listed(before.status), this.listed(after.status)];
    if (from !== to) remove(from, entry);
    if (isOpen(before)) this.leaveDue(entry);
    entry.task = after;
    if (from !== to) insert(to, entry);
    if (isOpen(after)) insert(this.waiting, entry, byDueTime);
    this.pending += Number(after.status === 'PENDING') - Number(before.status === 'PENDING');
    const isDone = after.status === 'SUCCESS' || after.status === 'FAILURE';
    if (isOpen(before) && isDone) this.throughput.record(after.finishedAt as number);
    this.raise(counterOf(before.status, after.status));
  }

  /** Removes a finished task. */
  forget(entry: Entry): void {
    remove(this.listed(entry.task.status), entry);
  }

  /** @returns the list of tasks with a status, by place, oldest first; all open tasks share one list */
  listed(status: TaskStatus): Entry[] {
    return isOpen({ status }) ? this.open : this.finished[status as FinalStatus];
  }

  claimable(order: Order, limit: number, now: number): string[] {
    this.promoteDelayed(now);
    const claimable: string[] = [];
    for (let step = 0; step < this.ready.length && claimable.length < limit; step++) {
      const { task } = this.ready[order === 'fifo' ? step : this.ready.length - 1 - step] as Entry;
      // The clock may have gone back since the task was promoted.
      if (isIdle(task, now) && task.expiresAt > now) claimable.push(task.taskId);
    }
    return claimable;
  }

  nextDueAt(now: number): number | undefined {
    this.promoteDelayed(now);
    if (this.ready.length > 0) return now;
    return this.waiting.reduce<number | undefined>(
      (next, { task }) => Math.min(next ?? Number.POSITIVE_INFINITY, dueAt(task)),
      undefined,
    );
  }

  overdue(now: number, limit: number): Task[] {
    const tasks: Task[] = [];
    for (const { task } of this.open) {
      if (tasks.length === limit) break;
      if (expiredIfOverdue(task, now)) tasks.push(task);
    }
    return tasks;
  }

  stats(now: number): QueueStats {
    this.promoteDelayed(now);
    const isPending = ({ task }: Entry): boolean => task.status === 'PENDING';
    const due = this.ready.filter(({ task }) => isClaimable(task, now));
    return {
      pending: this.pending,
      delayed: this.pending - this.ready.filter(isPending).length,
      taken: this.open.length - this.pending,
      deadLetters: this.finished.FAILURE.length,
      backlog: due.length,
      oldestPendingAt: this.open.find(isPending)?.task.createdAt,
      newestPendingAt: this.open.findLast(isPending)?.task.createdAt,
      oldestDueAt: due.reduce<number | undefined>(
        (oldest, { task }) => Math.min(oldest ?? Number.POSITIVE_INFINITY, dueSince(task)),
        undefined,
      ),
      throughputPerSecond: this.throughput.perSecond(now),
      counters: this.counters,
      approximate: [],
    };
  }

  /** Moves tasks that have become due to the ready ones. */
  private promoteDelayed(now: number): void {
    const end = firstIndex(this.waiting, ({ task }) => dueSince(task) > now);
    for (const entry of this.waiting.splice(0, end)) {
      entry.isReady = true;
      insert(this.ready, entry);
    }
  }

  private leaveDue(entry: Entry): void {
    if (entry.isReady) remove(this.ready, entry);
    else remove(this.waiting, entry, byDueTime);
    entry.isReady = false;
  }

  private raise(counter: keyof Counters | undefined): void {
    if (counter) this.counters = { ...this.counters, [counter]: this.counters[counter] + 1 };
  }
}

/** What a list is sorted by: whether one task stands before another. */
type Sorting = (one: Task, other: Task) => boolean;
const byPlace: Sorting = (one, other) => one.place < other.place;
const byDueTime: Sorting = (one, other) =>
  dueSince(one) === dueSince(other) ? byPlace(one, other) : dueSince(one) < dueSince(other);

/** The index of a place in a list that is sorted by place, or where it would be inserted. */
export const indexOf = (list: readonly Entry[], place: string): number =>
  firstIndex(list, ({ task }) => task.place >= place);

/** The first index in a list from which on a condition holds. */
function firstIndex<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(list[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function insert(list: Entry[], entry: Entry, isBefore = byPlace): void {
  const last = list.at(-1);
  if (!last || isBefore(last.task, entry.task)) list.push(entry);
  else
    list.splice(
      firstIndex(list, ({ task }) => isBefore(entry.task, task)),
      0,
      entry,
    );
}

function remove(list: Entry[], entry: Entry, isBefore = byPlace): void {
  const index = firstIndex(list, ({ task }) => !isBefore(task, entry.task));
  if (list[index] === entry) list.splice(index, 1);
}
