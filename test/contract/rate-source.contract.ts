import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_RATES, type FakeRateProvider, type Fault } from '../../demo/rate-provider.ts';
import type { RateAnswer, RateSource } from '../../src/ports/stocks.ts';

const ASKED = { withinMs: 2_000 };

export interface RateSourceWorld {
  readonly source: RateSource;
  /** What stands behind the source. */
  readonly provider: FakeRateProvider;
  /** The credential that the source was given, which nobody may ever see. */
  readonly key: string;
}

/** @param make a new source with a provider of its own */
export function describeRateSource(name: string, make: () => Promise<RateSourceWorld>): void {
  describe(`RateSource: ${name}`, () => {
    let { source, provider, key }: RateSourceWorld = {} as RateSourceWorld;
    beforeEach(async () => {
      ({ source, provider, key } = await make());
    });
    afterEach(() => provider.stop());

    const table = (answer: RateAnswer) => {
      if (answer.kind !== 'table') throw new Error('there is no table');
      return answer;
    };
    const failure = async (withinMs = ASKED.withinMs): Promise<Error> =>
      source.fetch({ withinMs }).then(
        () => {
          throw new Error('there was an answer');
        },
        (error) => error,
      );

    it('gives all that is published, digit for digit, with its base and time', async () => {
      const { table: published, etag, maxAgeMs, warnings } = table(await source.fetch(ASKED));

      const { EUR: _, ...others } = DEFAULT_RATES;
      expect(published).toEqual({
        source: source.name,
        base: 'EUR',
        asOf: Date.UTC(2025, 11, 31),
        rates: new Map(Object.entries(others)),
      });
      expect([etag, maxAgeMs, warnings]).toEqual([undefined, undefined, []]);
    });

    it('takes the base that the answer names', async () => {
      Object.assign(provider.state, { base: 'USD', rates: { EUR: '0.92', USD: '1', JPY: '150' } });

      const { base, rates } = table(await source.fetch(ASKED)).table;
      expect([base, ...rates]).toEqual(['USD', ['EUR', '0.92'], ['JPY', '150']]);
    });

    it('hands the etag on and hears that nothing has changed', async () => {
      provider.state.etag = '"v1"';
      const { etag } = table(await source.fetch(ASKED));
      expect(etag).toBe('"v1"');

      expect(await source.fetch({ ...ASKED, etag })).toEqual({ kind: 'unchanged', maxAgeMs: undefined });
      expect(provider.requests.map(({ status }) => status)).toEqual([200, 304]);
      provider.state.etag = '"v2"';
      expect((await source.fetch({ ...ASKED, etag })).kind).toBe('table');
    });

    it.each([
      ['max-age=3600', undefined, 3_600_000],
      ['public, max-age=86400, stale-if-error=86400', undefined, 86_400_000],
      ['public, max-age="60"', undefined, 60_000],
      ['Max-Age=3600', 3_500, 100_000],
      ['max-age=3600', 9_999, 0],
      ['s-maxage=60', undefined, undefined],
      ['no-cache, max-age=3600', undefined, undefined],
      ['no-store', undefined, undefined],
      ['max-age=nonsense', undefined, undefined],
    ])('says how long it may be kept: %s with an age of %s s is %s ms', async (cacheControl, age, expected) => {
      Object.assign(provider.state, { cacheControl, age, etag: '"v1"' });

      expect((await source.fetch(ASKED)).maxAgeMs).toBe(expected);
      expect((await source.fetch({ ...ASKED, etag: '"v1"' })).maxAgeMs).toBe(expected);
    });

    it('reads a compressed answer', async () => {
      provider.state.gzip = true;
      expect(table(await source.fetch(ASKED)).table.rates.get('USD')).toBe('1.0855');
    });

    it('waits for a slow answer as long as it may', async () => {
      provider.state.fault = { kind: 'slow', ms: 300 };
      expect((await source.fetch(ASKED)).kind).toBe('table');
    });

    it('leaves out what is not published or is no rate, and keeps the rest', async () => {
      const nonsense = {
        USD: '0',
        GBP: '-1.0855',
        CAD: '"NaN"',
        AUD: 'null',
        CHF: '"1,08"',
        SEK: '1e400',
        NOK: '[1.08]',
        DKK: '1e15000000',
        PLN: 'NaN',
        CZK: '-Infinity',
      };
      provider.state.rates = { EUR: '1', ...nonsense, JPY: '1.85304e2', KWD: '3.3E-1', XAU: '0.0003', BTC: '1e-5' };

      const answer = table(await source.fetch(ASKED));
      expect(Object.fromEntries(answer.table.rates)).toEqual({ JPY: '185.304', KWD: '0.33' });
      expect(answer.warnings.map((complaint) => complaint.slice(0, 3)).sort()).toEqual(Object.keys(nonsense).sort());
    });

    it('takes numbers that are written as text', async () => {
      provider.state.rates = { EUR: '"1"', USD: '"1.0855"', JPY: '"1.85304e2"' };
      expect(Object.fromEntries(table(await source.fetch(ASKED)).table.rates)).toEqual({
        USD: '1.0855',
        JPY: '185.304',
      });
    });

    const faults: [string, Fault, RegExp][] = [
      ['500', { kind: 'status', status: 500 }, /answered 500/],
      ['404', { kind: 'status', status: 404 }, /answered 404/],
      ['429', { kind: 'status', status: 429, retryAfter: '60' }, /answered 429/],
      ['a 304 that nobody asked for', { kind: 'status', status: 304 }, /answered 304/],
      ['a connection reset in the middle of the body', { kind: 'reset' }, /did not arrive whole/],
      ['200 with a refusal', { kind: 'refusal' }, /refused/],
      ['an empty body', { kind: 'body', body: '' }, /not JSON/],
      ['a page of HTML', { kind: 'body', body: '<html>Maintenance</html>' }, /not JSON/],
      ['JSON that breaks off', { kind: 'body', body: '{"base":"EUR","rates":{"USD":1.0' }, /not JSON/],
      ['an empty object', { kind: 'body', body: '{}' }, /cannot be used/],
      ['an empty list', { kind: 'body', body: '[]' }, /cannot be used/],
      ['null', { kind: 'body', body: 'null' }, /cannot be used/],
      ['a number', { kind: 'body', body: '1.0855' }, /cannot be used/],
      ['bottomless nesting', { kind: 'body', body: '['.repeat(300_000) }, /not JSON/],
      ['a body without end', { kind: 'body', body: ' '.repeat(1_200_000) }, /too long/],
    ];
    it.each(faults)('fails for %s', async (_, fault, expected) => {
      provider.state.fault = fault;
      expect((await failure()).message).toMatch(expected);
    });

    it('fails for an answer in which no rate can be used, from tomorrow or without a currency as base', async () => {
      provider.state.rates = { EUR: '1', USD: '0' };
      expect((await failure()).message).toMatch(/no rate that can be used/);
      Object.assign(provider.state, { rates: { ...DEFAULT_RATES }, asOf: Date.UTC(2040, 0, 1) });
      expect((await failure()).message).toMatch(/in the future/);
      Object.assign(provider.state, { asOf: Date.UTC(2025, 11, 31), base: 'XAU' });
      expect((await failure()).message).toMatch(/not a currency/);
    });

    it.each<Fault>([{ kind: 'hang' }, { kind: 'stall' }, { kind: 'slow', ms: 5_000 }])(
      'gives up in time when the provider is too slow: %j',
      async (fault) => {
        provider.state.fault = fault;
        const start = performance.now();

        expect((await failure(300)).message).toMatch(/did not answer within/);
        expect(performance.now() - start).toBeLessThan(2_000);
      },
    );

    it('fails when nobody is there', async () => {
      await provider.stop();
      expect((await failure()).message).toMatch(/ECONNREFUSED/);
    });

    it('does not follow a redirect', async () => {
      const elsewhere = await make();
      try {
        provider.state.fault = { kind: 'redirect', to: `${elsewhere.provider.url}${provider.requests[0]?.url ?? '/'}` };
        expect((await failure()).message).toMatch(/answered 302/);
        expect(elsewhere.provider.requests).toEqual([]);
      } finally {
        await elsewhere.provider.stop();
      }
    });

    it('never shows its key, neither in its id nor in any error', async () => {
      provider.state.key = key;
      await source.fetch(ASKED);
      const shown = [source.id, source.name];
      provider.state.key = `not ${key}`;
      shown.push(
        inspect(await source.fetch({ withinMs: 300 }).catch((error) => error), { depth: 20, showHidden: true }),
      );
      provider.state.key = key;
      for (const [, fault] of faults.filter(([, { kind }]) => kind !== 'body')) {
        provider.state.fault = fault;
        const { source: again, provider: own } = await make();
        own.state.fault = fault;
        const error = await again.fetch({ withinMs: 300 }).catch((reason) => reason);
        shown.push(inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), String(error.stack));
        await own.stop();
      }
      await provider.stop();
      shown.push(inspect(await source.fetch({ withinMs: 300 }).catch((error) => error), { depth: 20 }));

      expect(provider.requests[0]?.url).toContain(key);
      expect(shown.length).toBeGreaterThan(15);
      for (const text of shown) expect(text).not.toContain(key);
    });
  });
}
