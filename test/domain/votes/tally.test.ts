import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  emptyTally,
  type Marks,
  marksOf,
  mergeImages,
  mergeMarks,
  type ShardImage,
  shardKey,
  totalVotes,
  votesByChoice,
} from '../../../src/domain/votes/tally.ts';

const image = (fields: Partial<ShardImage>): ShardImage => ({
  pollId: 'colors',
  choice: 0,
  region: 'eu-west-1',
  shard: 0,
  votes: 1,
  lastVoteAt: 1_000,
  ...fields,
});

describe('a tally', () => {
  it('sums the highest total seen of each shard, by choice', () => {
    const tally = mergeImages(
      emptyTally('colors'),
      [
        image({ votes: 3 }),
        image({ votes: 7 }),
        image({ shard: 1, votes: 2 }),
        image({ region: 'us-east-1', votes: 5 }),
        image({ choice: 2, votes: 1 }),
      ],
      1_200,
    );

    expect(votesByChoice(tally.marks, 3)).toEqual([14, 0, 1]);
    expect(totalVotes(tally.marks)).toBe(15);
    expect(tally).toMatchObject({ revision: 1, newestVoteAt: 1_000, lagMs: 200 });
  });

  it('stays the same object, revision and all, when nothing in the images is new', () => {
    const tally = mergeImages(emptyTally('colors'), [image({ votes: 7 })], 1_200);

    expect(mergeImages(tally, [image({ votes: 7 }), image({ votes: 3 })], 9_999)).toBe(tally);
  });

  it('tells the lag of the newest vote only, so that a late replay of an old shard does not look like a delay', () => {
    const tally = mergeImages(emptyTally('colors'), [image({ votes: 1, lastVoteAt: 5_000 })], 5_050);
    const later = mergeImages(tally, [image({ shard: 1, votes: 4, lastVoteAt: 1_000 })], 60_000);

    expect(later).toMatchObject({ revision: 2, newestVoteAt: 5_000, lagMs: 50 });
  });

  it('never shows a negative lag when clocks differ', () => {
    expect(mergeImages(emptyTally('colors'), [image({ lastVoteAt: 2_000 })], 1_900).lagMs).toBe(0);
  });

  it('counts a choice of any index, and ignores none', () => {
    const marks = marksOf([image({ choice: 12, shard: 3, votes: 9 })]);

    expect(marks).toEqual(new Map([[shardKey({ choice: 12, region: 'eu-west-1', shard: 3 }), 9]]));
    expect(votesByChoice(marks, 13)[12]).toBe(9);
  });
});

describe('the merge of marks', () => {
  const marks = fc
    .dictionary(fc.constantFrom('0.a#0', '0.a#1', '1.a#0', '0.b#0', '2.b#1'), fc.nat(20))
    .map((record): Marks => new Map(Object.entries(record)));
  const sorted = (some: Marks) => [...some].sort();

  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(marks, marks, marks, (a, b, c) => {
        expect(sorted(mergeMarks(a, b))).toEqual(sorted(mergeMarks(b, a)));
        expect(sorted(mergeMarks(mergeMarks(a, b), c))).toEqual(sorted(mergeMarks(a, mergeMarks(b, c))));
        expect(sorted(mergeMarks(a, a))).toEqual(sorted(a));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never lowers a mark', () => {
    fc.assert(
      fc.property(marks, marks, (a, b) => {
        const merged = mergeMarks(a, b);
        for (const [key, votes] of [...a, ...b]) expect(merged.get(key)).toBeGreaterThanOrEqual(votes);
      }),
      { numRuns: 2_000 },
    );
  });
});
