/** Names one counter. Each region adds only to its own shards, so that copies of them can be merged anywhere. */
export interface ShardName {
  /** Index in the poll's `choices`. */
  readonly choice: number;
  readonly region: string;
  readonly shard: number;
}

/** What a counter held at some moment: its running total, not an increment. */
export interface ShardImage extends ShardName {
  readonly pollId: string;
  readonly votes: number;
  /** When the vote that was added last was accepted, epoch ms; 0 if it holds none. */
  readonly lastVoteAt: number;
}

/** The form in which stores keep a {@link ShardImage}; whoever reads a change stream passes over forms that it does not know. */
export const SHARD_VERSION = 1;

/** The highest total seen of each shard, by shard key. */
export type Marks = ReadonlyMap<string, number>;

/**
 * The count of a poll: a grow-only counter (G-Counter). A shard's total only ever rises, so the highest total seen is
 * the newest, and seeing an image again, late or out of order changes nothing.
 */
export interface Tally {
  readonly pollId: string;
  /** Rises by one with every change; 0 before the first. */
  readonly revision: number;
  readonly marks: Marks;
  /** When the newest vote in the tally was accepted, epoch ms; 0 if there is none. */
  readonly newestVoteAt: number;
  /** How long that vote took from its shard to the tally, ms. */
  readonly lagMs: number;
}

export const emptyTally = (pollId: string): Tally => ({
  pollId,
  revision: 0,
  marks: new Map(),
  newestVoteAt: 0,
  lagMs: 0,
});

/** `RED` as second choice, shard 7 of eu-west-1, is `1.eu-west-1#7`. */
export const shardKey = (name: ShardName): string => `${name.choice}.${name.region}#${name.shard}`;

/** The inverse of {@link shardKey}. */
export function parseShardKey(key: string): ShardName {
  const [dot, hash] = [key.indexOf('.'), key.lastIndexOf('#')];
  return { choice: Number(key.slice(0, dot)), region: key.slice(dot + 1, hash), shard: Number(key.slice(hash + 1)) };
}

/** The regions whose shards a tally has seen. */
export const regionsIn = (marks: Marks): string[] => [
  ...new Set([...marks.keys()].map((key) => parseShardKey(key).region)),
];

const choiceOf = (key: string): number => Number(key.slice(0, key.indexOf('.')));

/** The merge of the G-Counter: commutative, associative, idempotent, and it never lowers a mark. */
export function mergeMarks(marks: Marks, seen: Iterable<readonly [key: string, votes: number]>): Marks {
  const merged = new Map(marks);
  for (const [key, votes] of seen) merged.set(key, Math.max(merged.get(key) ?? 0, votes));
  return merged;
}

/**
 * Folds images of shards into a tally.
 *
 * @param foldedAt epoch ms, for `lagMs`
 * @returns the same object when the images bring nothing new
 */
export function mergeImages(tally: Tally, images: readonly ShardImage[], foldedAt: number): Tally {
  const news = images.filter((image) => image.votes > (tally.marks.get(shardKey(image)) ?? 0));
  if (news.length === 0) return tally;
  const newestVoteAt = news.reduce((newest, image) => Math.max(newest, image.lastVoteAt), tally.newestVoteAt);
  return {
    pollId: tally.pollId,
    revision: tally.revision + 1,
    marks: mergeMarks(tally.marks, marksOf(news)),
    newestVoteAt,
    lagMs: newestVoteAt > tally.newestVoteAt ? Math.max(0, foldedAt - newestVoteAt) : tally.lagMs,
  };
}

/** The marks that a set of images amounts to by itself. */
export const marksOf = (images: readonly ShardImage[]): Marks =>
  mergeMarks(
    new Map(),
    images.map((image) => [shardKey(image), image.votes] as const),
  );

/** Votes of each choice, in the poll's order. */
export function votesByChoice(marks: Marks, choices: number): number[] {
  const votes = new Array<number>(choices).fill(0);
  for (const [key, count] of marks) votes[choiceOf(key)] = (votes[choiceOf(key)] ?? 0) + count;
  return votes;
}

export const sameMarks = (one: Marks, other: Marks): boolean =>
  [...one.keys(), ...other.keys()].every((key) => (one.get(key) ?? 0) === (other.get(key) ?? 0));

export const totalVotes = (marks: Marks): number => [...marks.values()].reduce((sum, votes) => sum + votes, 0);
