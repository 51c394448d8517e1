import type { Load } from './order.ts';
import { isRedrivable, type Task, type TaskStatus } from './task.ts';

/** How often each event happened to tasks of a queue; these only rise. */
export interface Counters {
  readonly enqueued: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly shed: number;
  readonly cancelled: number;
  readonly redriven: number;
  /** Enqueues refused because the queue was full. */
  readonly refused: number;
}

export const noCounts: Counters = {
  enqueued: 0,
  succeeded: 0,
  failed: 0,
  shed: 0,
  cancelled: 0,
  redriven: 0,
  refused: 0,
};

/** The content of a queue at a moment, and its counters. */
export interface QueueStats extends Load {
  readonly pending: number;
  /** Of the pending ones, those that are not due. */
  readonly delayed: number;
  readonly taken: number;
  /** Tasks in FAILURE. */
  readonly deadLetters: number;
  /** Creation of the oldest and the newest PENDING task, epoch ms; undefined if there is none. */
  readonly oldestPendingAt: number | undefined;
  readonly newestPendingAt: number | undefined;
  /** When the longest-waiting claimable task became due, epoch ms. A task becomes due again when its lease expires. */
  readonly oldestDueAt: number | undefined;
  readonly counters: Counters;
  /** Fields of this interface that are not exact. */
  readonly approximate: readonly (keyof QueueStats)[];
}

/** Which counter a change of status raises, if any. @param before undefined for a new task */
export function counterOf(before: TaskStatus | undefined, after: TaskStatus): keyof Counters | undefined {
  if (before === undefined) return 'enqueued';
  if (before === after) return undefined;
  switch (after) {
    case 'SUCCESS':
      return 'succeeded';
    case 'FAILURE':
      return 'failed';
    case 'SHED':
      return 'shed';
    case 'CANCELLED':
      return 'cancelled';
    default:
      return isRedrivable({ status: before }) ? 'redriven' : undefined;
  }
}

/** When a task that is not held became claimable, epoch ms. */
export const dueSince = ({ notBefore, leaseUntil = 0 }: Pick<Task, 'notBefore' | 'leaseUntil'>): number =>
  Math.max(notBefore, leaseUntil);
