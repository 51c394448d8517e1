import type { Leases, Progress, ShardLease } from './leases.ts';

/** Streams keep records for 24 h; within this time none can have been dropped. */
const SURELY_KEPT_MS = 20 * 3_600_000;

/** The parent of each shard; a shard of a new stream has none. */
export type Parents = ReadonlyMap<string, string | undefined>;

/** All shards of a stream, as DynamoDB listed them, and children that were found since. */
export interface Listing {
  /** When the listing began, epoch ms. */
  readonly askedAt: number;
  readonly parents: Parents;
}

/**
 * The shards that this process has listed, and those that others have found since:
 *
 *     A:  lists all ─────────── 40 s: the parent ends ─ finds the children ─ takes one, offers the other
 *     B:             lists all                                               ─ knows both by their leases
 *
 * A shard that was found before the listing and is not in it is kept by the stream no longer.
 */
export function knownShards({ askedAt, parents }: Listing, leases: readonly ShardLease[]): Parents {
  const isNew = ({ shardId, foundAt = 0 }: ShardLease): boolean => !parents.has(shardId) && foundAt >= askedAt;
  return new Map([
    ...parents,
    ...leases.filter(isNew).map(({ shardId, parentId }): [string, string | undefined] => [shardId, parentId]),
  ]);
}

const shardsReadToTheirEnd = (leases: readonly ShardLease[]): ReadonlySet<string> =>
  new Set(leases.filter(({ done }) => done).map(({ shardId }) => shardId));

/** Shards that are not read to their end, and whose parent is, or is not kept any more. */
export function readableShards(known: Parents, leases: readonly ShardLease[]): string[] {
  const done = shardsReadToTheirEnd(leases);
  const isReadable = ([shardId, parentId]: [string, string | undefined]): boolean =>
    !done.has(shardId) && (parentId === undefined || !known.has(parentId) || done.has(parentId));
  return [...known].filter(isReadable).map(([shardId]) => shardId);
}

/** Shards that are read to their end, and whose children are not known yet. */
export function childlessShards(known: Parents, leases: readonly ShardLease[]): string[] {
  const parents = new Set(known.values());
  return [...shardsReadToTheirEnd(leases)].filter((shardId) => known.has(shardId) && !parents.has(shardId));
}

/** The input of {@link planSharing}, as one process sees it. */
export interface Situation {
  readonly me: string;
  /** Shards that this process reads. */
  readonly reading: readonly string[];
  readonly readable: readonly string[];
  readonly leases: Leases;
  /** Epoch ms. */
  readonly now: number;
}

export interface SharingPlan {
  readonly acquire: readonly string[];
  readonly release: readonly string[];
  /** Left to other processes, to which they have to be made known. */
  readonly offer: readonly string[];
}

/** What a process does to reach its fair share: of four shards each of two processes reads two; of three, at most two. */
export function planSharing({ me, reading, readable, leases, now }: Situation): SharingPlan {
  const fairShare = Math.ceil(readable.length / Math.max(1, leases.members));
  const wanted = reading.filter((shardId) => readable.includes(shardId)).slice(0, fairShare);
  const leaseOf = new Map(leases.shards.map((lease) => [lease.shardId, lease]));
  const isTaken = (shardId: string): boolean => {
    const lease = leaseOf.get(shardId);
    return lease !== undefined && lease.owner !== me && lease.expiresAt > now;
  };
  const free = readable.filter((shardId) => !reading.includes(shardId) && !isTaken(shardId));
  const room = fairShare - wanted.length;
  return {
    acquire: free.slice(0, room),
    release: reading.filter((shardId) => !wanted.includes(shardId)),
    offer: free.slice(room).filter((shardId) => !leaseOf.has(shardId)),
  };
}

/**
 * Where to resume a shard. A shard that was never read starts where its parent ended.
 *
 * @returns nothing where records may have gone unread for so long that the stream has dropped them
 */
export function progressIn(lease: ShardLease, parent: ShardLease | undefined, now: number): Progress {
  const readAt = lease.readAt ?? (parent?.done ? parent.readAt : undefined);
  const isGapless = readAt !== undefined && now - readAt < SURELY_KEPT_MS;
  return isGapless ? { checkpoint: lease.checkpoint, readAt } : {};
}
