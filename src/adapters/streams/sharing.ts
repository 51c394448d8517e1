import type { Shard } from '@aws-sdk/client-dynamodb-streams';
import type { Leases, Progress, ShardLease } from './leases.ts';

/** A stream keeps its records for 24 h; after less than that, what was left unread is certainly still there. */
const SURELY_KEPT_MS = 20 * 3_600_000;

/** Shards that are not read to their end, and whose parent is, or is not kept any more. */
export function readableShards(shards: readonly Shard[], leases: readonly ShardLease[]): string[] {
  const done = new Set(leases.filter((lease) => lease.done).map(({ shardId }) => shardId));
  const kept = new Set(shards.map(({ ShardId }) => ShardId));
  return shards.flatMap(({ ShardId, ParentShardId }) => {
    const parentIsRead = ParentShardId === undefined || !kept.has(ParentShardId) || done.has(ParentShardId);
    return ShardId !== undefined && !done.has(ShardId) && parentIsRead ? [ShardId] : [];
  });
}

/** What one process sees of the sharing. */
export interface Situation {
  readonly me: string;
  /** Shards that this process reads. */
  readonly reading: readonly string[];
  readonly readable: readonly string[];
  readonly leases: Leases;
  /** Epoch ms. */
  readonly now: number;
}

/** What a process does to come to its fair share: of four shards, each of two processes reads two, of three, at most two. */
export function planSharing({ me, reading, readable, leases, now }: Situation): { take: string[]; letGo: string[] } {
  const fairShare = Math.ceil(readable.length / Math.max(1, leases.members));
  const wanted = reading.filter((shardId) => readable.includes(shardId)).slice(0, fairShare);
  const isTaken = (shardId: string): boolean =>
    leases.shards.some((lease) => lease.shardId === shardId && lease.owner !== me && lease.expiresAt > now);
  const free = readable.filter((shardId) => !reading.includes(shardId) && !isTaken(shardId));
  return {
    take: free.slice(0, fairShare - wanted.length),
    letGo: reading.filter((shardId) => !wanted.includes(shardId)),
  };
}

/**
 * Where to go on in a shard. A shard that was never read goes on where its parent ended.
 *
 * @returns nothing where records may have gone unread for so long that the stream has dropped them
 */
export function progressIn(lease: ShardLease, parent: ShardLease | undefined, now: number): Progress {
  const readAt = lease.readAt ?? (parent?.done ? parent.readAt : undefined);
  const isGapless = readAt !== undefined && now - readAt < SURELY_KEPT_MS;
  return isGapless ? { checkpoint: lease.checkpoint, readAt } : {};
}
