import { type Counters, counterOf, noCounts } from '../../domain/tasks/queue-stats.ts';
import { isOpen, type TaskStatus } from '../../domain/tasks/task.ts';
import type { TaskChange } from '../../ports/tasks.ts';
import type { Changes } from './reservations.ts';

/** What was counted of one queue in the records of one shard of the stream, up to a position. */
export interface CountedChanges extends Counters {
  /** Sequence number of the last record that is counted. */
  readonly position: string;
  /** When that record was made, epoch ms. */
  readonly at: number;
  /** Claims less ends of claims: a task may be claimed in one shard and end in another, so this may be below 0. */
  readonly taken: number;
  /** Tasks done by window of time, for the rate. */
  readonly done: Readonly<Record<string, number>>;
  /** What each process has added and ended, by the name under which it counts, and when it last did so (epoch ms). */
  readonly by: Readonly<Record<string, Changes & { readonly at: number }>>;
}

export const nothingCounted: CountedChanges = { ...noCounts, position: '', at: 0, taken: 0, done: {}, by: {} };

const SUMS = [...(Object.keys(noCounts) as (keyof Counters)[]), 'taken'] as const;

const WINDOW_MS = 5_000;
/** The present window and those before it over which a rate is measured. */
const WINDOWS = 3;
const windowOf = (at: number): number => Math.floor(at / WINDOW_MS);

/** A name under which a process counts is used for less than this, ms. */
const BY_KEPT_MS = 120_000;

/**
 * Counts changes that are not counted yet: those behind the position. So the same records may come as often as they
 * like, in whatever batches.
 *
 * @param changes of one queue, from one shard, in order
 * @returns `counted` itself when there was nothing new
 */
export function withChanges(counted: CountedChanges, changes: readonly TaskChange[]): CountedChanges {
  const fresh = changes.filter(({ sequenceNumber }) => isBehind(sequenceNumber, counted.position));
  const last = fresh.at(-1);
  if (!last) return counted;
  const sums = Object.fromEntries(SUMS.map((name) => [name, counted[name]])) as Record<(typeof SUMS)[number], number>;
  const done: Record<string, number> = { ...counted.done };
  const by: Record<string, Changes & { readonly at: number }> = { ...counted.by };
  for (const change of fresh) {
    const { from, to, at } = change;
    const counter = counterOf(from, to);
    if (counter) sums[counter]++;
    sums.taken += Number(to === 'TAKEN') - Number(from === 'TAKEN');
    if (to === 'SUCCESS' || to === 'FAILURE') raise(done, String(windowOf(change.finishedAt ?? at)));
    if (change.by === undefined || isOpenStatus(to) === isOpenStatus(from)) continue;
    const { added = 0, ended = 0 } = by[change.by] ?? {};
    by[change.by] = isOpenStatus(to) ? { added: added + 1, ended, at } : { added, ended: ended + 1, at };
  }
  const at = Math.max(counted.at, last.at);
  return {
    ...sums,
    position: last.sequenceNumber,
    at,
    done: newestWindows(done),
    by: Object.fromEntries(Object.entries(by).filter(([, counts]) => counts.at > at - BY_KEPT_MS)),
  };
}

const isOpenStatus = (status: TaskStatus | undefined): boolean => status !== undefined && isOpen({ status });

function raise(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** Sequence numbers are numbers of up to forty digits. */
const isBehind = (sequenceNumber: string, position: string): boolean =>
  sequenceNumber.length === position.length ? sequenceNumber > position : sequenceNumber.length > position.length;

function newestWindows(done: Readonly<Record<string, number>>): Record<string, number> {
  const newest = Math.max(...Object.keys(done).map(Number));
  return Object.fromEntries(Object.entries(done).filter(([window]) => Number(window) > newest - WINDOWS));
}

/**
 * Tasks per second in the present window and the two before it. After a longer silence: one task since then, which is
 * the most that it can be. Undefined while there was never any.
 *
 * @param now epoch ms
 */
export function rateIn(done: Readonly<Record<string, number>>, now: number): number | undefined {
  const windows = Object.keys(done).map(Number);
  if (windows.length === 0) return undefined;
  const recent = windows.filter((window) => window > windowOf(now) - WINDOWS);
  if (recent.length === 0) return 1_000 / Math.max(1, now - (Math.max(...windows) + 1) * WINDOW_MS);
  const tasks = recent.reduce((sum, window) => sum + (done[window] ?? 0), 0);
  return tasks / Math.max(1, (now - Math.min(...recent) * WINDOW_MS) / 1_000);
}
