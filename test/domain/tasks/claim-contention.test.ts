import { describe, expect, it } from '@jest/globals';
import { ClaimContention } from '../../../src/domain/tasks/claim-contention.ts';
import { seededRandom } from '../../helpers/fakes.ts';

const farthest = { next: () => 0.999 };

describe('how claimers part', () => {
  it('one that never lost a race begins at the head', () => {
    const contention = new ClaimContention();
    for (let claim = 0; claim < 100; claim++) expect(contention.chooseStart('q', farthest, 0)).toBe(0);
  });

  it('one that loses goes on among twice as many tasks each time, up to a limit, and in that queue alone', () => {
    const contention = new ClaimContention();
    const reached = Array.from({ length: 10 }, () => {
      contention.recordLostRace('q');
      return contention.spread('q');
    });
    expect(reached).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 256, 256]);
    expect(contention.spread('other')).toBe(1);
  });

  it('comes back to the head while it meets nobody', () => {
    const contention = new ClaimContention();
    for (let loss = 0; loss < 4; loss++) contention.recordLostRace('q');
    const before = contention.spread('q');
    for (let claim = 0; claim < 30; claim++) contention.chooseStart('q', farthest, 0);
    expect(contention.spread('q')).toBeLessThan(before);
    for (let claim = 0; claim < 100; claim++) contention.chooseStart('q', farthest, 0);
    expect(contention.spread('q')).toBe(1);
  });

  it('chooses evenly, and nearer to the head the more often it has picked nothing', () => {
    const random = seededRandom(3);
    const contention = new ClaimContention();
    for (let loss = 0; loss < 3; loss++) contention.recordLostRace('q');
    const choices = (emptyPicks: number) =>
      new Set(Array.from({ length: 200 }, () => contention.chooseStart('q', random, emptyPicks)));

    expect(choices(1)).toEqual(new Set([0, 1, 2, 3]));
    expect(choices(2)).toEqual(new Set([0, 1]));
    expect(choices(3)).toEqual(new Set([0]));
  });

  it('loses about one race in twenty-five when four claim at the same time', () => {
    const random = seededRandom(5);
    const claimers = Array.from({ length: 4 }, () => new ClaimContention());
    let [lost, claims] = [0, 0];
    for (let round = 0; round < 2_000; round++) {
      const taken = new Set<number>();
      for (const claimer of claimers) {
        const choice = claimer.chooseStart('q', random, 0);
        if (round > 200) claims++;
        if (!taken.has(choice)) taken.add(choice);
        else {
          claimer.recordLostRace('q');
          if (round > 200) lost++;
        }
      }
    }
    expect(lost / claims).toBeLessThan(0.06);
  });
});
