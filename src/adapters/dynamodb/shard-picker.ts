import type { Poll } from '../../domain/votes/poll.ts';
import type { Random } from '../../ports/system.ts';

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

  /** Runs `work` on a shard that is its own until it ends. Where all are taken, it waits for its turn. */
  async with<T>({ pollId, shards }: Poll, work: (shard: number) => Promise<T>): Promise<T> {
    const use: Use = this.uses.get(pollId) ?? { busy: new Set(), waiting: [] };
    this.uses.set(pollId, use);
    const shard = this.take(use, shards) ?? (await new Promise<number>((resolve) => use.waiting.push(resolve)));
    try {
      return await work(shard);
    } finally {
      // From hand to hand, so that it is never free while somebody waits.
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
