import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { CachedRates } from '../../src/adapters/caching/cached-rates.ts';
import { MemoryRateCache } from '../../src/adapters/memory/rate-cache.ts';
import { MemoryStockStore } from '../../src/adapters/memory/stock-store.ts';
import { convert } from '../../src/domain/stocks/money.ts';
import { ValueStock } from '../../src/domain/stocks/value-stock.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { ScriptedRateSource } from '../helpers/rate-sources.ts';

const REQUESTS = 200_000;
const HOUR = 3_600_000;
const MONTH = 30 * 24 * HOUR;
const PROCESSES = 4;
/** The last seconds of a table's freshness, in which it is renewed. */
const EARLY_SECONDS = 5;

/** A new rate every ten minutes, so that an answer shows when its rate was published. */
const versionAt = (time: number): number => Math.floor(time / (HOUR / 6));
const rateAt = (time: number): string => `1.${String(versionAt(time) % 1_000_000).padStart(6, '0')}`;

describe('a month of rates that may be kept for an hour', () => {
  it('takes at most 750 fetches for 200,000 requests, and no answer is older than its freshness', async () => {
    const clock = new FakeClock();
    const random = seededRandom(720);
    const source = new ScriptedRateSource();
    source.maxAgeMs = HOUR;
    const monotonic = () => clock.now();
    const cache = new MemoryRateCache(clock, monotonic);
    const stocks = new MemoryStockStore([
      { stockId: 'AMZN', value: '1000000.00', currency: 'EUR', updatedAt: clock.now() },
    ]);
    const rules = { ttlMs: 20_000, maxFreshMs: HOUR, maxStaleMs: HOUR, maxAsOfAgeMs: 2 * MONTH };
    const onError = (error: unknown) => {
      throw error;
    };
    const processes = Array.from({ length: PROCESSES }, (_, index) => {
      const holder = `process-${index}`;
      const rates = new CachedRates({
        sources: [source],
        cache,
        rules,
        clock,
        machineClock: clock,
        monotonic,
        holder,
        onStale: () => undefined,
        onError,
      });
      return new ValueStock(stocks, rates, clock, ['USD'], 'half-up');
    });

    let oldestSeconds = 0;
    for (let request = 0; request < REQUESTS; request++) {
      // Pauses of any length, short ones most often, as between independent requests.
      clock.advance(Math.floor((-Math.log(1 - random.next()) * MONTH) / REQUESTS));
      source.usd = rateAt(clock.now());
      source.version = versionAt(clock.now());
      const process = processes[Math.floor(random.next() * PROCESSES)] as ValueStock;
      const { values, rates } = await process.execute('AMZN');

      const { ageSeconds = Number.NaN, stale } = rates ?? {};
      oldestSeconds = Math.max(oldestSeconds, ageSeconds);
      const confirmed = clock.now() - ageSeconds * 1_000;
      const possible = [confirmed, confirmed - 999].map((time) =>
        convert('1000000.00', '1', rateAt(time), 'USD', 'half-up'),
      );
      if (stale !== false || !possible.includes(values.get('USD') ?? ''))
        throw new Error(`request ${request}: ${values.get('USD')}, ${ageSeconds} s old, stale: ${stale}`);
      // A renewal that goes on behind the answer takes no simulated time.
      if (ageSeconds >= HOUR / 1_000 - EARLY_SECONDS) await turn();
    }

    expect(oldestSeconds).toBeLessThan(HOUR / 1_000);
    expect(source.requests.length).toBeLessThanOrEqual(750);
    expect(source.requests.length).toBeGreaterThan(700);
  }, 120_000);
});
