import type { QueueFigures } from '../../domain/tasks/queue-figures.ts';
import { isIdle } from '../../domain/tasks/task.ts';
import { finalList, isPending, laterList, type OpenIndex, openLists, placeOfLater } from './open-index.ts';
import { countersIn, type QueueCounts, rateIn } from './queue-counts.ts';

/** Entries of each list that figures are read from. */
const PAGE = 100;

/**
 * What a queue holds and has done. As long as it is short, what it holds is read from the index; of a longer one, the
 * index shows the ends, and the counts tell the rest.
 *
 * @param now epoch ms
 * @throws DomainError `STORE_UNAVAILABLE`
 */
export async function readFigures(
  index: OpenIndex,
  queueCounts: QueueCounts,
  queue: string,
  now: number,
): Promise<QueueFigures> {
  const oldest = { order: 'fifo', limit: PAGE } as const;
  const [open, later, failures, counts] = await Promise.all([
    index.read(openLists(queue), oldest),
    index.read([laterList(queue)], oldest),
    index.read([finalList(queue, 'FAILURE')], oldest),
    queueCounts.read(queue),
  ]);
  const isWhole = open.next === undefined && later.next === undefined;
  // The ends of a list overlap when it is not much longer than what is read of them.
  const pending = new Set([
    ...open.entries.filter(({ leaseUntil }) => leaseUntil === undefined).map(({ position }) => position),
    ...later.entries.map(placeOfLater),
    ...(isWhole ? [] : await newestPending(index, queue)),
  ]);
  const ages = [...pending].map(createdAtIn);
  const countedTaken = counts.taken ?? 0;
  const countedPending = (counts.open ?? 0) - countedTaken;
  const countedLater = later.next === undefined ? 0 : (counts.later ?? 0);
  const claimable = open.entries.filter((entry) => isIdle(entry, now) && entry.expiresAt > now).length;
  const countedClaimable = countedPending - Math.max(later.entries.length, countedLater);
  return {
    pending: isWhole ? pending.size : Math.max(pending.size, countedPending),
    taken: isWhole
      ? open.entries.filter(({ leaseUntil }) => leaseUntil !== undefined).length
      : Math.max(0, countedTaken),
    deadLetters: failures.next === undefined ? failures.entries.length : Math.max(PAGE, counts.deadLetters ?? 0),
    backlog: open.next === undefined ? claimable : Math.max(claimable, countedClaimable),
    oldestPendingAt: ages.length > 0 ? Math.min(...ages) : undefined,
    newestPendingAt: ages.length > 0 ? Math.max(...ages) : undefined,
    throughputPerSecond: rateIn(counts, 'done', now),
    counters: countersIn(counts),
    approximate: [
      'pending',
      'taken',
      'deadLetters',
      'oldestPendingAt',
      'newestPendingAt',
      'throughputPerSecond',
      'counters',
    ],
  };
}

async function newestPending(index: OpenIndex, queue: string): Promise<string[]> {
  const newest = await index.read(openLists(queue), { order: 'lifo', limit: PAGE, filter: isPending });
  return newest.entries.map(({ position }) => position);
}

const createdAtIn = (place: string): number => Number.parseInt(place, 10);
