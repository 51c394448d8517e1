import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

const source = pathToFileURL(resolve('src/entrypoints/http/dashboard/votes/shares.js')).href;
interface Shown {
  shownShares(results: {
    total: number | null;
    ballots?: number;
    choices: readonly { votes: number | null; share: number | null }[];
  }): (number | null)[];
}
const { shownShares } = (await import(source)) as Shown;

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

const tenths = (votes: readonly number[]) =>
  shownShares({ total: sumOf(votes), choices: votes.map((count) => ({ votes: count, share: 0 })) }).map((share) =>
    Math.round(1_000 * (share ?? Number.NaN)),
  );

describe('shares as the dashboard shows them', () => {
  it.each([
    [
      [1, 1, 1],
      [334, 333, 333],
    ],
    [
      [1, 1, 1, 1, 1, 1],
      [167, 167, 167, 167, 166, 166],
    ],
    [
      [2, 1],
      [667, 333],
    ],
    [
      [0, 0],
      [0, 0],
    ],
    [
      [5, 0],
      [1_000, 0],
    ],
    [
      [1, 9_999],
      [0, 1_000],
    ],
  ])('of %j are %j tenths of a percent', (votes, shown) => {
    expect(tenths(votes)).toEqual(shown);
  });

  it('add up to 100.0 %, each less than a tenth away from what it is, and none above one with more votes', () => {
    const polls = fc.array(fc.oneof(fc.nat(20), fc.nat(10_000_000)), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(polls, (votes) => {
        const total = sumOf(votes);
        fc.pre(total > 0);
        const shown = tenths(votes);
        expect(sumOf(shown)).toBe(1_000);
        for (const [index, share] of shown.entries()) {
          expect(Math.abs(share - (1_000 * (votes[index] ?? 0)) / total)).toBeLessThan(1);
          for (const [other, otherShare] of shown.entries())
            if ((votes[other] ?? 0) > (votes[index] ?? 0)) expect(otherShare).toBeGreaterThanOrEqual(share);
        }
      }),
    );
  });

  it('are those of the service where ballots name several choices, and none while they are hidden', () => {
    const choices = [
      { votes: 2, share: 1 },
      { votes: 1, share: 0.5 },
    ];
    expect(shownShares({ total: 3, ballots: 2, choices })).toEqual([1, 0.5]);
    const hidden = choices.map(() => ({ votes: null, share: null }));
    expect(shownShares({ total: null, ballots: 2, choices: hidden })).toEqual([null, null]);
  });
});
