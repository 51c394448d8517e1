import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ballotsIn,
  checkIntervalMs,
  emptyTally,
  type HighWaterMarks,
  isAtLeast,
  isCheckDue,
  marksOf,
  mergeImages,
  mergeMarks,
  regionsIn,
  risenSince,
  type ShardImage,
  sameMarks,
  staleAfterMs,
  totalsOf,
  withCheckBegun,
  withCheckDone,
} from '../../../src/domain/votes/tally.ts';
import { shardImage as image } from '../../helpers/votes.ts';

describe('a tally', () => {
  it('sums the highest totals seen of each shard, by choice', () => {
    const tally = mergeImages(
      emptyTally('colors'),
      [
        image({ votes: [3], ballots: 3 }),
        image({ votes: [7, 1], ballots: 8 }),
        image({ shard: 1, votes: [2], ballots: 2 }),
        image({ region: 'us-east-1', votes: [5, 0, 4], ballots: 9 }),
      ],
      1_200,
    );

    expect(totalsOf(tally.marks, 3)).toEqual({ votes: [14, 1, 4], ballots: 19 });
    expect(totalsOf(tally.marks, 3, 'us-east-1')).toEqual({ votes: [5, 0, 4], ballots: 9 });
    expect(tally).toMatchObject({ version: 1, revision: 1, newestVoteAt: 1_000, lagMs: 200 });
  });

  it('stays the same object, revision and all, when nothing in the images is new', () => {
    const tally = mergeImages(emptyTally('colors'), [image({ votes: [7], ballots: 7 })], 1_200);
    const older = [image({ votes: [7], ballots: 7 }), image({ votes: [3], ballots: 3 })];

    expect(mergeImages(tally, older, 9_999)).toBe(tally);
  });

  it('tells the lag of the newest vote only, so that a late replay of an old shard does not look like a delay', () => {
    const tally = mergeImages(emptyTally('colors'), [image({ lastVoteAt: 5_000 })], 5_050);
    const later = mergeImages(tally, [image({ shard: 1, votes: [4], ballots: 4, lastVoteAt: 1_000 })], 60_000);

    expect(later).toMatchObject({ revision: 2, newestVoteAt: 5_000, lagMs: 50 });
  });

  it('never shows a negative lag when clocks differ', () => {
    expect(mergeImages(emptyTally('colors'), [image({ lastVoteAt: 2_000 })], 1_900).lagMs).toBe(0);
  });

  it('knows a region as open until all of the counters that it has are closed', () => {
    const closed = (shard: number, region = 'eu') => image({ region, shard, closed: 2 });
    const states = (...images: ShardImage[]) => regionsIn(marksOf(images)).map(({ region, open }) => [region, open]);

    expect(states(image({ region: 'eu' }))).toEqual([['eu', true]]);
    expect(states(closed(0))).toEqual([['eu', true]]);
    expect(states(closed(0), closed(1))).toEqual([['eu', false]]);
    expect(states(closed(0), closed(1), image({ region: 'ap' }))).toEqual([
      ['ap', true],
      ['eu', false],
    ]);
  });
});

const counts = fc.nat(20);
const marks: fc.Arbitrary<HighWaterMarks> = fc
  .array(
    fc.record({
      region: fc.constantFrom('eu', 'us', 'constructor'),
      shard: fc.nat(3),
      votes: fc.array(counts, { maxLength: 3 }),
      ballots: counts,
      closed: fc.constantFrom(0, 4),
    }),
    { maxLength: 8 },
  )
  .map((images) => marksOf(images.map((fields) => image(fields))));

describe('the merge of marks', () => {
  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(marks, marks, marks, (a, b, c) => {
        expect(sameMarks(mergeMarks(a, b), mergeMarks(b, a))).toBe(true);
        expect(sameMarks(mergeMarks(mergeMarks(a, b), c), mergeMarks(a, mergeMarks(b, c)))).toBe(true);
        expect(sameMarks(mergeMarks(a, a), a)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never lowers a mark', () => {
    fc.assert(
      fc.property(marks, marks, (a, b) => {
        const merged = mergeMarks(a, b);
        expect(isAtLeast(merged, a) && isAtLeast(merged, b)).toBe(true);
        expect(ballotsIn(merged)).toBeGreaterThanOrEqual(Math.max(ballotsIn(a), ballotsIn(b)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of a state and what rose above it is the newer state', () => {
    fc.assert(
      fc.property(marks, marks, (a, b) => {
        const newer = mergeMarks(a, b);
        expect(sameMarks(mergeMarks(a, risenSince(a, newer)), newer)).toBe(true);
        expect(ballotsIn(risenSince(newer, newer))).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the checks of a tally', () => {
  it.each([
    [1, 10, 15],
    [48, 10, 15],
    [50, 10, 15],
    [51, 11, 16],
    [96, 20, 25],
    [150, 31, 36],
    [1_000, 201, 206],
  ])('of %i counters are %i s apart, and the tally is stale after %i s', (counters, interval, stale) => {
    expect([checkIntervalMs(counters), staleAfterMs(counters)]).toEqual([interval * 1_000, stale * 1_000]);
    expect((counters + (counters > 50 ? 1 : 0)) / interval).toBeLessThanOrEqual(5);
  });

  const done = withCheckDone(withCheckBegun(emptyTally('colors'), 1_000), [], 1_000, 900, 1_000);
  it.each([
    ['never checked, of a new poll', emptyTally('colors'), 9_999, false],
    ['never checked', emptyTally('colors'), 10_000, true],
    ['checked lately', done, 10_999, false],
    ['checked a while ago', done, 11_000, true],
    ['being checked', withCheckBegun(done, 11_000), 15_999, false],
    ['whose check was given up', withCheckBegun(done, 11_000), 16_000, true],
    ['checked by somebody whose clock is an hour ahead', withCheckBegun(done, 3_600_000), 12_000, true],
  ])('are due of a tally %s', (_, tally, now, due) => {
    expect(isCheckDue(tally, 0, now, 10_000)).toBe(due);
  });

  it('raise the time up to which it is complete, and never lower it', () => {
    const later = withCheckDone(done, [image({})], 5_000, 4_900, 5_000);

    expect(later).toMatchObject({ completeUpTo: 4_900, check: { startedAt: 5_000, done: true, repaired: 1 } });
    expect(withCheckDone(later, [image({})], 5_100, 4_800, 5_100)).toMatchObject({
      completeUpTo: 4_900,
      version: later.version + 1,
      revision: 1,
      check: { startedAt: 5_100, done: true },
    });
  });
});
