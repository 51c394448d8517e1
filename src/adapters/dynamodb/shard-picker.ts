import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import type { Random } from '../../ports/system.ts';

/** Who waits for so long meets a store that does not answer, ms. */
const MAX_WAIT_MS = 5_000;

interface Use {
  readonly busy: Set<number>;
  /** Those who wait for a shard, in turn. */
  readonly waiting: ((shard: number) => void)[];
}

/**
 * Picks the shard for each transaction of a process: a random one among those in which no other of its transactions is
 * under way, since two that meet in one item cannot both commit.
 */
export class ShardPicker {
  private readonly uses = new Map<string, Use>();

  constructor(private readonly random: Random) {}

  /**
   * Runs `work` on a shard that is its own until it ends. Where all are taken, it waits for its turn.
   *
   * @throws DomainError `STORE_UNAVAILABLE` when its turn does not come within 5 s
   */
  async with<T>({ pollId, shards }: Poll, work: (shard: number) => Promise<T>): Promise<T> {
    const use: Use = this.uses.get(pollId) ?? { busy: new Set(), waiting: [] };
    this.uses.set(pollId, use);
    const shard = this.take(use, shards) ?? (await turn(use));
    try {
      return await work(shard);
    } finally {
      // Passed on directly, so that a shard is never free while a vote waits.
      const next = use.waiting.shift();
      if (next) next(shard);
      else use.busy.delete(shard);
      if (use.busy.size === 0) this.uses.delete(pollId);
    }
  }

  private take({ busy }: Use, shards: number): number | undefined {
    const free = Array.from({ length: shards }, (_, shard) => shard).filter((shard) => !busy.has(shard));
    const shard = free[Math.floor(this.random.next() * free.length)];
    if (shard !== undefined) busy.add(shard);
    return shard;
  }
}

/** @returns the shard that another vote passes on */
function turn({ waiting }: Use): Promise<number> {
  return new Promise((resolve, reject) => {
    const take = (shard: number): void => {
      clearTimeout(timer);
      resolve(shard);
    };
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(take), 1);
      reject(storeUnavailable(new Error('All shards of the poll are taken by transactions that do not end')));
    }, MAX_WAIT_MS);
    waiting.push(take);
  });
}
