/** Names one counter. Each region adds only to its own shards, so that copies of them can be merged anywhere. */
export interface ShardName {
  readonly region: string;
  readonly shard: number;
}

/** What a counter holds: running totals, not increments. None of its numbers ever falls. */
export interface Counter {
  /** Votes of each choice, in the poll's order; none for a choice beyond the end. */
  readonly votes: readonly number[];
  readonly ballots: number;
  /** Once it takes no more votes: the number of counters that its region has; 0 until then. */
  readonly closed: number;
}

/** What a counter held at some moment. */
export interface ShardImage extends ShardName, Counter {
  readonly pollId: string;
  /** When the vote that was added last was accepted, epoch ms; 0 if it holds none. */
  readonly lastVoteAt: number;
}

/** The form in which stores keep a {@link ShardImage}; readers of a change stream skip forms that they do not know. */
export const SHARD_VERSION = 2;

/** The highest totals seen of each counter: by region, then by number of the shard. */
export type HighWaterMarks = ReadonlyMap<string, readonly Counter[]>;

/**
 * The count of a poll: a grow-only counter (G-Counter). A shard's totals only ever rise, so the highest seen are the
 * newest, and seeing an image again, late or out of order changes nothing.
 */
export interface Tally {
  readonly pollId: string;
  /** Rises by one with every write; 0 before the first. */
  readonly version: number;
  /** Rises by one with every change of the marks; 0 before the first. */
  readonly revision: number;
  readonly marks: HighWaterMarks;
  /** When the newest vote in the tally was accepted, epoch ms; 0 if there is none. */
  readonly newestVoteAt: number;
  /** How long that vote took from its shard to the tally, ms. */
  readonly lagMs: number;
  /** Every vote that was answered before this time is in the tally, epoch ms; 0 before the first check. */
  readonly completeUpTo: number;
  /** The last check of the tally against its shards. */
  readonly check?: TallyCheck;
}

export interface TallyCheck {
  /** Epoch ms. */
  readonly startedAt: number;
  readonly done: boolean;
  /** The tally's revision afterwards, if the check found votes that were missing. */
  readonly repaired?: number;
}

export const emptyTally = (pollId: string): Tally => ({
  pollId,
  version: 0,
  revision: 0,
  marks: new Map(),
  newestVoteAt: 0,
  lagMs: 0,
  completeUpTo: 0,
});

export const UNUSED: Counter = { votes: [], ballots: 0, closed: 0 };

const higher = (one: Counter, other: Counter): Counter => ({
  votes: Array.from({ length: Math.max(one.votes.length, other.votes.length) }, (_, choice) =>
    Math.max(one.votes[choice] ?? 0, other.votes[choice] ?? 0),
  ),
  ballots: Math.max(one.ballots, other.ballots),
  closed: Math.max(one.closed, other.closed),
});

/** The merge of the G-Counter: commutative, associative, idempotent, and it never lowers a mark. */
export function mergeMarks(one: HighWaterMarks, other: HighWaterMarks): HighWaterMarks {
  const merged = new Map(one);
  for (const [region, counters] of other) {
    const known = merged.get(region) ?? [];
    const length = Math.max(known.length, counters.length);
    merged.set(
      region,
      Array.from({ length }, (_, shard) => higher(known[shard] ?? UNUSED, counters[shard] ?? UNUSED)),
    );
  }
  return merged;
}

/** The marks that a set of images amounts to by itself. */
export function marksOf(images: readonly ShardImage[]): HighWaterMarks {
  const marks = new Map<string, Counter[]>();
  for (const { region, shard, votes, ballots, closed } of images) {
    const counters = marks.get(region) ?? [];
    while (counters.length <= shard) counters.push(UNUSED);
    counters[shard] = higher(counters[shard] as Counter, { votes, ballots, closed });
    marks.set(region, counters);
  }
  return marks;
}

/** Whether every number of `one` is at least that of `other`. */
const covers = (one: Counter = UNUSED, other: Counter): boolean =>
  one.ballots >= other.ballots &&
  one.closed >= other.closed &&
  other.votes.every((count, choice) => (one.votes[choice] ?? 0) >= count);

/**
 * Folds images of shards into a tally.
 *
 * @param foldedAt epoch ms, for `lagMs`
 * @returns the same object when the images bring nothing new
 */
export function mergeImages(tally: Tally, images: readonly ShardImage[], foldedAt: number): Tally {
  const news = images.filter((image) => !covers(tally.marks.get(image.region)?.[image.shard], image));
  if (news.length === 0) return tally;
  const newestVoteAt = news.reduce((newest, image) => Math.max(newest, image.lastVoteAt), tally.newestVoteAt);
  return {
    ...tally,
    version: tally.version + 1,
    revision: tally.revision + 1,
    marks: mergeMarks(tally.marks, marksOf(news)),
    newestVoteAt,
    lagMs: newestVoteAt > tally.newestVoteAt ? Math.max(0, foldedAt - newestVoteAt) : tally.lagMs,
  };
}

/** Totals over all counters. */
export interface Totals {
  /** Votes of each choice, in the poll's order. */
  readonly votes: readonly number[];
  readonly ballots: number;
}

/** @param region counts the shards of this region alone, if given */
export function totalsOf(marks: HighWaterMarks, choices: number, region?: string): Totals {
  const votes = new Array<number>(choices).fill(0);
  let ballots = 0;
  for (const counter of region === undefined ? [...marks.values()].flat() : (marks.get(region) ?? [])) {
    ballots += counter.ballots;
    for (const [choice, count] of counter.votes.entries()) votes[choice] = (votes[choice] ?? 0) + count;
  }
  return { votes, ballots };
}

export const ballotsIn = (marks: HighWaterMarks): number => totalsOf(marks, 0).ballots;

/** Number of counters that the marks have seen. */
export const countersIn = (marks: HighWaterMarks): number => [...marks.values()].flat().length;

/** What rose from `before` to `now`, and nothing else: a number that did not rise is 0. */
export function risenSince(before: HighWaterMarks, now: HighWaterMarks): HighWaterMarks {
  const risen = (value: number, earlier = 0): number => (value > earlier ? value : 0);
  return new Map(
    [...now].map(([region, counters]) => [
      region,
      counters.map(({ votes, ballots, closed }, shard) => {
        const earlier = before.get(region)?.[shard] ?? UNUSED;
        return {
          votes: votes.map((count, choice) => risen(count, earlier.votes[choice])),
          ballots: risen(ballots, earlier.ballots),
          closed: risen(closed, earlier.closed),
        };
      }),
    ]),
  );
}

/** Whether every number of `one` is at least that of `other`. */
export const isAtLeast = (one: HighWaterMarks, other: HighWaterMarks): boolean =>
  [...other].every(([region, counters]) =>
    counters.every((counter, shard) => covers(one.get(region)?.[shard], counter)),
  );

export const sameMarks = (one: HighWaterMarks, other: HighWaterMarks): boolean =>
  isAtLeast(one, other) && isAtLeast(other, one);

export interface RegionState {
  readonly region: string;
  /** Whether votes may still come from it. */
  readonly open: boolean;
}

/** The regions whose counters a tally has seen, by name. One is closed once all of its counters are. */
export const regionsIn = (marks: HighWaterMarks): RegionState[] =>
  [...marks]
    .map(([region, counters]) => {
      const closed = counters.filter((counter) => counter.closed > 0).length;
      const expected = Math.max(counters.length, ...counters.map((counter) => counter.closed));
      return { region, open: closed < expected };
    })
    .sort((one, other) => (one.region < other.region ? -1 : 1));

/** A check of a poll with up to 50 counters may begin this long after the last one, ms. */
const CHECK_INTERVAL_MS = 10_000;
/** A check that has not ended by then may be taken over by another process, ms. */
const CHECK_LEASE_MS = 5_000;
/** Read units a second that the checks of one poll may cost. */
const READ_UNITS_PER_SECOND = 5;

/** How long after one check the next may begin, ms: each counter is one read unit, and the poll is one. */
export const checkIntervalMs = (counters: number): number =>
  counters <= 50 ? CHECK_INTERVAL_MS : Math.ceil((counters + 1) / READ_UNITS_PER_SECOND) * 1_000;

/** From this age of `completeUpTo` on a tally is stale, ms. */
export const staleAfterMs = (counters: number): number => checkIntervalMs(counters) + CHECK_LEASE_MS;

/**
 * Whether the tally is due for a check at `now`. A start far in the future comes from a wrong clock and blocks no check.
 * Times are epoch ms.
 *
 * @param createdAt of the poll; before that there was nothing to check
 */
export function isCheckDue({ check }: Tally, createdAt: number, now: number, intervalMs: number): boolean {
  const waitMs = check && !check.done ? CHECK_LEASE_MS : intervalMs;
  return Math.abs(now - (check?.startedAt ?? createdAt)) >= waitMs;
}

/** The tally with a check of it under way since `now`, so that no other process begins one. */
export const withCheckBegun = (tally: Tally, now: number): Tally => ({
  ...tally,
  version: tally.version + 1,
  check: { ...tally.check, startedAt: now, done: false },
});

/**
 * The tally after a check that read all of its shards.
 *
 * @param readAfter a time that had certainly passed when the reading began, epoch ms
 */
export function withCheckDone(
  tally: Tally,
  images: readonly ShardImage[],
  startedAt: number,
  readAfter: number,
  foldedAt: number,
): Tally {
  const merged = mergeImages(tally, images, foldedAt);
  const found = ballotsIn(merged.marks) > ballotsIn(tally.marks);
  return {
    ...merged,
    version: tally.version + 1,
    completeUpTo: Math.max(tally.completeUpTo, readAfter),
    check: { startedAt, done: true, ...(found ? { repaired: merged.revision } : {}) },
  };
}
