import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RateCache, RateEntry } from '../../src/ports/stocks.ts';

/** The time of all who use the cache, at first. */
export const NOW = Date.UTC(2026, 0, 1);
/** By how much an entry may come back older than it was put, ms: what the requests may take on a busy machine. */
const SLACK_MS = 2_000;

export const entry = (fields: Partial<RateEntry['rates']> = {}, etag: string | undefined = '"v1"'): RateEntry => ({
  sourceId: 'frankfurter:EUR',
  etag,
  rates: {
    source: 'frankfurter',
    base: 'EUR',
    asOf: NOW - 86_400_000,
    rates: new Map([
      ['USD', '1.1500'],
      ['JPY', '183.490000000001'],
      ['KWD', '0.35259'],
    ]),
    confirmedAt: NOW,
    freshUntil: NOW + 20_000,
    ...fields,
  },
});

/** The entry as it was put, and not younger. */
export function expectEntry(found: RateEntry | undefined, put: RateEntry): void {
  const { confirmedAt = Number.NaN, freshUntil = Number.NaN } = found?.rates ?? {};
  expect(found).toEqual({ ...put, rates: { ...put.rates, confirmedAt, freshUntil } });
  expect(confirmedAt).toBeLessThanOrEqual(put.rates.confirmedAt);
  expect(confirmedAt).toBeGreaterThan(put.rates.confirmedAt - SLACK_MS);
  expect(freshUntil - confirmedAt).toBe(put.rates.freshUntil - put.rates.confirmedAt);
}

export interface RateCacheWorld {
  /** A new cache that nobody has used. */
  readonly cache: RateCache;
  /** The same cache as another process sees it. */
  readonly other: RateCache;
  /** Lets that much time pass. */
  pass(ms: number): Promise<void>;
}

/** @param make a world of its own for each test */
export function describeRateCache(name: string, make: () => Promise<RateCacheWorld>): void {
  describe(`RateCache: ${name}`, () => {
    let { cache, other, pass }: RateCacheWorld = {} as RateCacheWorld;
    beforeEach(async () => {
      ({ cache, other, pass } = await make());
    });

    it('gives everybody the entry that was put, digit for digit', async () => {
      expect(await cache.get()).toBeUndefined();
      await cache.put(entry(), 60_000);

      expectEntry(await cache.get(), entry());
      expectEntry(await other.get(), entry());
    });

    it('keeps an entry without an etag, and one without rates', async () => {
      const bare: RateEntry = { ...entry({ rates: new Map() }), etag: undefined };
      await cache.put(bare, 60_000);

      expectEntry(await other.get(), bare);
    });

    it('forgets an entry when its time is over', async () => {
      await cache.put(entry(), 200);
      await pass(250);

      expect(await cache.get()).toBeUndefined();
    });

    it('keeps the entry that was confirmed later, whoever writes last', async () => {
      const [early, late] = [entry({ confirmedAt: NOW - 60_000 }), entry({ confirmedAt: NOW - 30_000 })];
      await cache.put(late, 60_000);
      await other.put(early, 60_000);
      expectEntry(await cache.get(), late);

      const same = entry({ confirmedAt: NOW - 30_000 }, '"v2"');
      await other.put(same, 60_000);
      expectEntry(await cache.get(), same);
    });

    it('gives the lease to one of many, until it is given back', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 ? cache : other).lease(`holder-${index}`, 5_000)),
      );
      const winner = outcomes.findIndex(({ kind }) => kind === 'taken');
      expect(outcomes.filter(({ kind }) => kind === 'held')).toHaveLength(19);

      await cache.release(`holder-${winner}`, 0);
      expect(await other.lease('next', 5_000)).toEqual({ kind: 'taken' });
    });

    it('gives the lease to its holder once more, who has not heard of it', async () => {
      await cache.lease('holder', 200);
      expect(await cache.lease('holder', 5_000)).toEqual({ kind: 'taken' });
      await pass(250);

      expect(await other.lease('next', 5_000)).toEqual({ kind: 'held' });
    });

    it('gives the lease of a holder that died to another when its time is over', async () => {
      await cache.lease('dead', 200);
      expect(await other.lease('next', 200)).toEqual({ kind: 'held' });
      await pass(250);

      expect(await other.lease('next', 5_000)).toEqual({ kind: 'taken' });
    });

    it('lets nobody have the lease while the last holder has paused it', async () => {
      await cache.lease('holder', 5_000);
      await cache.release('holder', 300);

      const outcome = await other.lease('next', 5_000);
      expect(outcome.kind).toBe('paused');
      if (outcome.kind === 'paused') {
        expect(outcome.ms).toBeGreaterThan(0);
        expect(outcome.ms).toBeLessThanOrEqual(300);
      }
      await pass(350);
      expect(await other.lease('next', 5_000)).toEqual({ kind: 'taken' });
    });

    it('does not let a holder whose lease went to another give that one back or pause it', async () => {
      await cache.lease('slow', 200);
      await pass(250);
      await other.lease('next', 5_000);
      await cache.release('slow', 5_000);

      expect(await cache.lease('third', 5_000)).toEqual({ kind: 'held' });
    });

    it('ignores the release of a lease that is nobody’s any more', async () => {
      await cache.lease('slow', 200);
      await pass(250);
      await cache.release('slow', 5_000);

      expect(await other.lease('next', 5_000)).toEqual({ kind: 'taken' });
    });
  });
}
