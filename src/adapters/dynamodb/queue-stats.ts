import { dueSince, type QueueStats } from '../../domain/tasks/queue-stats.ts';
import { isIdle } from '../../domain/tasks/task.ts';
import { type Entry, finalList, isPending, laterList, type OpenIndex, openLists, placeIn } from './open-index.ts';
import type { DynamoDbQueueCounts } from './queue-counts.ts';

/** Entries of each list from which stats are read. */
const PAGE = 100;
/** A list that is longer is counted in the index, which costs by its length, and not again for so long, ms. */
const LENGTH_KEPT_MS = 8_000;

/**
 * What queues hold and have done. As long as a queue is short, what it holds is read from the index; of a longer one, the
 * index shows the ends, and the counts tell the rest.
 */
export class StatsReader {
  private readonly lengths = new Map<string, { readonly entries: number; readonly countedAt: number }>();

  constructor(
    private readonly index: OpenIndex,
    private readonly queueCounts: DynamoDbQueueCounts,
  ) {}

  /**
   * @param now epoch ms
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async read(queue: string, now: number): Promise<QueueStats> {
    const oldest = { order: 'fifo', limit: PAGE } as const;
    const [counts, open, later, failures] = await Promise.all([
      this.queueCounts.read(queue),
      this.index.read(openLists(queue), oldest),
      this.index.read([laterList(queue)], oldest),
      this.index.read([finalList(queue, 'FAILURE')], oldest),
    ]);
    const isWhole = open.next === undefined && later.next === undefined;
    // The ends of a list overlap when it is not much longer than what is read of them.
    const pending = new Set([
      ...open.entries.filter(isFree).map(({ position }) => position),
      ...later.entries.map(placeIn),
      ...(isWhole ? [] : await this.newestPending(queue)),
    ]);
    const ages = [...pending].map(createdAtIn);
    const taken = open.entries.filter((entry) => !isFree(entry)).length;
    const asideLength = await this.lengthOf(laterList(queue), later);
    const delayed = asideLength + open.entries.filter((entry) => isFree(entry) && entry.notBefore > now).length;
    const due = open.entries.filter((entry) => isIdle(entry, now) && entry.expiresAt > now);
    const countedPending = counts.open - counts.taken;
    const isExact = isWhole && counts.open === pending.size + taken && counts.taken === taken;
    return {
      pending: isWhole ? pending.size : Math.max(pending.size, countedPending),
      delayed,
      taken: isWhole ? taken : Math.max(0, counts.taken),
      deadLetters: await this.lengthOf(finalList(queue, 'FAILURE'), failures),
      backlog: open.next === undefined ? due.length : Math.max(due.length, countedPending - delayed),
      oldestPendingAt: least(ages),
      newestPendingAt: ages.length > 0 ? Math.max(...ages) : undefined,
      oldestDueAt: least(due.map(dueSince)),
      throughputPerSecond: counts.throughputPerSecond,
      counters: counts.counters,
      approximate: [
        ...(isExact ? [] : OF_THE_INDEX),
        ...(failures.next === undefined ? [] : (['deadLetters'] as const)),
        // Nothing tells how much of the stream is still to be counted.
        'throughputPerSecond',
        'counters',
      ],
    };
  }

  private async newestPending(queue: string): Promise<string[]> {
    const newest = await this.index.read(openLists(queue), { order: 'lifo', limit: PAGE, filter: isPending });
    return newest.entries.map(({ position }) => position);
  }

  /** @param seen the beginning of the list */
  private async lengthOf(
    list: string,
    seen: { readonly entries: readonly Entry[]; readonly next: string | undefined },
  ): Promise<number> {
    if (seen.next === undefined) {
      this.lengths.delete(list);
      return seen.entries.length;
    }
    const known = this.lengths.get(list);
    if (known && performance.now() - known.countedAt < LENGTH_KEPT_MS) return known.entries;
    const { all } = await this.index.count([list]);
    this.lengths.set(list, { entries: all, countedAt: performance.now() });
    return all;
  }
}

/** Exact once the counts say the same as the index, of which one may be behind the other. */
const OF_THE_INDEX = ['pending', 'delayed', 'taken', 'oldestPendingAt', 'newestPendingAt', 'oldestDueAt'] as const;

const isFree = ({ leaseUntil }: Entry): boolean => leaseUntil === undefined;
const least = (times: readonly number[]): number | undefined => (times.length > 0 ? Math.min(...times) : undefined);
const createdAtIn = (place: string): number => Number.parseInt(place, 10);
