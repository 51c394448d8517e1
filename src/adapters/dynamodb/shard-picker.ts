import type { Poll } from '../../domain/votes/poll.ts';
import type { Random } from '../../ports/system.ts';

interface Use {
  readonly busy: Set<number>;
  readonly waiting: (() => void)[];
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
    while (use.busy.size >= shards) await new Promise<void>((resolve) => use.waiting.push(resolve));
    const free = Array.from({ length: shards }, (_, shard) => shard).filter((shard) => !use.busy.has(shard));
    const shard = free[Math.floor(this.random.next() * free.length)] as number;
    use.busy.add(shard);
    try {
      return await work(shard);
    } finally {
      use.busy.delete(shard);
      use.waiting.shift()?.();
      if (use.busy.size === 0 && use.waiting.length === 0) this.uses.delete(pollId);
    }
  }
}
