import { describe, expect, it } from '@jest/globals';
import { Spreads } from '../../../src/domain/tasks/spreads.ts';
import { seededRandom } from '../../helpers/fakes.ts';

const farthest = { next: () => 0.999 };

describe('how claimers part', () => {
  it('one that never lost a race begins at the head', () => {
    const spreads = new Spreads();
    for (let claim = 0; claim < 100; claim++) expect(spreads.choose('q', farthest, 0)).toBe(0);
  });

  it('one that loses goes on among twice as many tasks each time, up to a limit, and in that queue alone', () => {
    const spreads = new Spreads();
    const reached = Array.from({ length: 10 }, () => {
      spreads.widen('q');
      return spreads.of('q');
    });
    expect(reached).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 256, 256]);
    expect(spreads.of('other')).toBe(1);
  });

  it('comes back to the head while it meets nobody', () => {
    const spreads = new Spreads();
    for (let loss = 0; loss < 4; loss++) spreads.widen('q');
    const before = spreads.of('q');
    for (let claim = 0; claim < 30; claim++) spreads.choose('q', farthest, 0);
    expect(spreads.of('q')).toBeLessThan(before);
    for (let claim = 0; claim < 100; claim++) spreads.choose('q', farthest, 0);
    expect(spreads.of('q')).toBe(1);
  });

  it('chooses evenly, and nearer to the head the more often it has hesitated', () => {
    const random = seededRandom(3);
    const spreads = new Spreads();
    for (let loss = 0; loss < 3; loss++) spreads.widen('q');
    const choices = (hesitations: number) =>
      new Set(Array.from({ length: 200 }, () => spreads.choose('q', random, hesitations)));

    expect(choices(1)).toEqual(new Set([0, 1, 2, 3]));
    expect(choices(2)).toEqual(new Set([0, 1]));
    expect(choices(3)).toEqual(new Set([0]));
  });

  it('loses about one race in twenty-five when four claim at the same time', () => {
    const random = seededRandom(5);
    const claimers = Array.from({ length: 4 }, () => new Spreads());
    let [lost, claims] = [0, 0];
    for (let round = 0; round < 2_000; round++) {
      const taken = new Set<number>();
      for (const claimer of claimers) {
        const choice = claimer.choose('q', random, 0);
        if (round > 200) claims++;
        if (!taken.has(choice)) taken.add(choice);
        else {
          claimer.widen('q');
          if (round > 200) lost++;
        }
      }
    }
    expect(lost / claims).toBeLessThan(0.06);
  });
});
