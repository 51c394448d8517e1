import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryLimitStore } from '../../../src/adapters/memory/limit-store.ts';
import { type Maps, memoryMaps } from '../../../src/adapters/memory/maps.ts';
import type { TakeRequest } from '../../../src/ports/limits.ts';
import { FakeClock } from '../../helpers/fakes.ts';

const aTake = (policyId: string, burst: number, fields: Partial<TakeRequest> = {}): TakeRequest => ({
  policyId,
  key: 'k',
  limit: { version: 1, rate: { requests: 1, perSeconds: 60, burst } },
  accuracy: 'exact',
  cost: 1,
  ...fields,
});

/** Maps that count what is written into them. */
function countedMaps() {
  const written = { count: 0 };
  class CountedMap<K, V> extends Map<K, V> {
    override set(key: K, value: V): this {
      written.count++;
      return super.set(key, value);
    }
  }
  const maps: Maps = { ...memoryMaps, map: () => new CountedMap() };
  return { maps, written };
}

describe('the buckets of a process', () => {
  it('are not written for what is refused', async () => {
    const { maps, written } = countedMaps();
    const store = new MemoryLimitStore(new FakeClock(), maps);
    for (let count = 0; count < 50; count++) await store.take(aTake('p', 3));

    expect(written.count).toBe(3);
    // What a newer version makes of a state is kept, also by a refusal.
    const limit = { version: 2, rate: { requests: 1, perSeconds: 60, burst: 2 } };
    for (let count = 0; count < 50; count++) await store.take(aTake('p', 2, { limit }));
    expect(written.count).toBe(4);
  });

  it('are taken from all together or not at all', () => {
    const bursts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(bursts, (of) => {
        const store = new MemoryLimitStore(new FakeClock());
        const takes = of.map((burst, at) => aTake(`p${at}`, burst));
        for (let round = 0; round < Math.min(...of); round++)
          expect(store.takeAll(takes).every(({ decision }) => decision.allowed)).toBe(true);
        for (let round = 0; round < 9; round++)
          expect(store.takeAll(takes).map(({ decision }) => decision.allowed)).toEqual(
            of.map((burst) => burst > Math.min(...of)),
          );
        // What the refused ones would have taken is still there.
        for (const [at, burst] of of.entries())
          for (let left = burst - Math.min(...of); left >= 0; left--)
            expect(store.takeAll([aTake(`p${at}`, burst)])[0]?.decision.allowed).toBe(left > 0);
      }),
    );
  });
});
