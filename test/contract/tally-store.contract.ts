import { beforeEach, describe, expect, it } from '@jest/globals';
import { emptyTally, type Tally } from '../../src/domain/votes/tally.ts';
import type { TallyStore } from '../../src/ports/votes.ts';

const tally = (revision: number, marks: Record<string, number> = {}): Tally => ({
  pollId: 'colors',
  revision,
  marks: new Map(Object.entries(marks)),
  newestVoteAt: 1_000 + revision,
  lagMs: 7,
});

const sorted = (stored: Tally | undefined) => stored && { ...stored, marks: [...stored.marks].sort() };

/** @param make a new, empty store */
export function describeTallyStore(name: string, make: () => Promise<TallyStore>): void {
  describe(`TallyStore: ${name}`, () => {
    let store: TallyStore;
    beforeEach(async () => {
      store = await make();
    });

    it('gives back a tally with all its marks, of any region, choice and shard', async () => {
      const full = tally(1, { '0.eu-west-1#0': 3, '0.eu-west-1#15': 9_007_199_254_740_991, '11.us-east-1#999': 1 });

      expect(await store.get('colors')).toBeUndefined();
      expect(await store.put(full, 0)).toBe(true);
      expect(sorted(await store.get('colors'))).toEqual(sorted(full));
      expect(await store.get('other')).toBeUndefined();
    });

    it('stores an empty tally too', async () => {
      expect(await store.put({ ...emptyTally('colors'), revision: 1 }, 0)).toBe(true);
      expect(await store.get('colors')).toEqual({ ...emptyTally('colors'), revision: 1 });
    });

    it('refuses a put over a revision that is not the expected one, and writes nothing', async () => {
      await store.put(tally(1, { '0.a#0': 1 }), 0);
      await store.put(tally(2, { '0.a#0': 2 }), 1);

      expect(await store.put(tally(1, { '0.a#0': 9 }), 0)).toBe(false);
      expect(await store.put(tally(2, { '0.a#0': 9 }), 1)).toBe(false);
      expect(await store.put(tally(4, { '0.a#0': 9 }), 3)).toBe(false);
      expect(sorted(await store.get('colors'))).toEqual(sorted(tally(2, { '0.a#0': 2 })));
    });

    it('lets one of many writers at once through', async () => {
      await store.put(tally(1), 0);
      const puts = await Promise.all(
        Array.from({ length: 10 }, (_, index) => store.put(tally(2, { '0.a#0': index + 1 }), 1)),
      );

      expect(puts.filter(Boolean)).toHaveLength(1);
      expect((await store.get('colors'))?.marks.get('0.a#0')).toBe(puts.indexOf(true) + 1);
    });
  });
}
