import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Counter, emptyTally, type Tally } from '../../src/domain/votes/tally.ts';
import type { TallyStore } from '../../src/ports/votes.ts';

const counter = (votes: readonly number[], closed = 0): Counter => ({
  votes,
  ballots: votes.reduce((sum, count) => sum + count, 0),
  closed,
});

const tally = (version: number, marks: Record<string, readonly Counter[]> = {}): Tally => ({
  pollId: 'colors',
  version,
  revision: version + 3,
  marks: new Map(Object.entries(marks)),
  newestVoteAt: 1_000 + version,
  lagMs: 7,
  completeUpTo: 900 + version,
});

/** @param make a new, empty store */
export function describeTallyStore(name: string, make: () => Promise<TallyStore>): void {
  describe(`TallyStore: ${name}`, () => {
    let store: TallyStore;
    beforeEach(async () => {
      store = await make();
    });

    it('gives back a tally with everything in it, of any region, shard and number of choices', async () => {
      const full: Tally = {
        ...tally(1, {
          'eu-west-1': [
            counter([3, 0, 9]),
            counter([]),
            { votes: [9_007_199_254_740_991], ballots: 9_007_199_254_740_991, closed: 0 },
          ],
          constructor: [counter([0, 1], 1_000)],
        }),
        check: { startedAt: 5, done: true, repaired: 4 },
      };

      expect(await store.get('colors')).toBeUndefined();
      expect(await store.put(full)).toBe(true);
      expect(await store.get('colors')).toEqual(full);
      expect(await store.get('other')).toBeUndefined();
    });

    it('stores an empty tally too', async () => {
      expect(await store.put({ ...emptyTally('colors'), version: 1 })).toBe(true);
      expect(await store.get('colors')).toEqual({ ...emptyTally('colors'), version: 1 });
    });

    it('refuses a put over a version that is not the one before, and writes nothing', async () => {
      await store.put(tally(1, { a: [counter([1])] }));
      await store.put(tally(2, { a: [counter([2])] }));

      for (const version of [1, 2, 4]) expect(await store.put(tally(version, { a: [counter([9])] }))).toBe(false);
      expect(await store.get('colors')).toEqual(tally(2, { a: [counter([2])] }));
    });

    it('lets one of many writers at once through', async () => {
      await store.put(tally(1));
      const puts = await Promise.all(
        Array.from({ length: 10 }, (_, index) => store.put(tally(2, { a: [counter([index + 1])] }))),
      );

      expect(puts.filter(Boolean)).toHaveLength(1);
      expect((await store.get('colors'))?.marks.get('a')?.[0]?.ballots).toBe(puts.indexOf(true) + 1);
    });
  });
}
