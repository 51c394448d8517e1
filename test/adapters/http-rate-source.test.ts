import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type FakeRateProvider, type Fault, startFakeRateProvider } from '../../demo/rate-provider.ts';
import type { RateService } from '../../src/adapters/http/rate-formats.ts';
import { HttpRateSource } from '../../src/adapters/http/rate-source.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';

const WEEK = 604_800_000;

describe('a rate provider over HTTP', () => {
  const clock = new FakeClock();
  let provider: FakeRateProvider;
  beforeEach(async () => {
    provider = await startFakeRateProvider();
    provider.state.asOf = Date.UTC(2025, 11, 31);
  });
  afterEach(() => provider.stop());

  const sourceOf = (service: RateService = 'frankfurter', path = '') =>
    new HttpRateSource({
      service,
      url: new URL(provider.url + path),
      clock,
      monotonic: () => clock.now(),
      maxAsOfAgeMs: WEEK,
      random: seededRandom(1),
    });
  const failure = (source: HttpRateSource, withinMs = 2_000): Promise<Error> =>
    source.fetch({ withinMs }).then(
      () => new Error('there was an answer'),
      (error) => error,
    );

  it.each<[RateService, string, string]>([
    ['frankfurter', '', '/v1/latest'],
    ['frankfurter', '/mirror/', '/mirror/v1/latest'],
    ['frankfurter-v2', '', '/v2/rates'],
    ['openexchangerates', '/api?app_id=K', '/api/latest.json?app_id=K'],
    ['fixer', '/api?access_key=K', '/api/latest?access_key=K'],
    ['exchangerate-host', '?access_key=K', '/live?access_key=K'],
  ])('asks %s at %s for %s', async (service, path, expected) => {
    await sourceOf(service, path).fetch({ withinMs: 2_000 });
    expect(provider.requests.map(({ url }) => url)).toEqual([expected]);
  });

  it('has one id for one address and base, another for another', () => {
    expect(sourceOf('fixer', '/api?access_key=K').id).toBe(`fixer:EUR@${provider.url}/api`);
    const idAt = (url?: URL) =>
      new HttpRateSource({
        service: 'openexchangerates',
        url,
        clock,
        monotonic: () => clock.now(),
        maxAsOfAgeMs: WEEK,
        random: seededRandom(1),
      }).id;
    expect(idAt()).toBe('openexchangerates:USD');
    const addresses = ['http://rates.test', 'https://rates.test', 'https://rates.test:8443', 'https://rates.test/A'];
    const ids = addresses.map((address) => idAt(new URL(address)));
    expect(new Set(ids).size).toBe(addresses.length);
    expect(idAt(new URL('https://rates.test:443/'))).toBe(ids[1]);
  });

  it.each([{ kind: 'status', status: 503 }, { kind: 'status', status: 429 }, { kind: 'reset' }] as const)(
    'tries once more after %j',
    async (fault) => {
      Object.assign(provider.state, { fault, faultsLeft: 1 });

      expect((await sourceOf().fetch({ withinMs: 2_000 })).kind).toBe('table');
      expect(provider.requests).toHaveLength(2);
    },
  );

  it.each([
    [{ kind: 'status', status: 500 }, 2],
    [{ kind: 'status', status: 401 }, 1],
    [{ kind: 'refusal' }, 1],
    [{ kind: 'body', body: '{' }, 1],
  ] as const)('gives up on %j after %i attempts', async (fault, attempts) => {
    provider.state.fault = fault;
    await failure(sourceOf());

    expect(provider.requests).toHaveLength(attempts);
  });

  it('does not try again when the time would not do for it', async () => {
    provider.state.fault = { kind: 'status', status: 503 };
    await failure(sourceOf(), 150);
    expect(provider.requests).toHaveLength(1);
  });

  it('waits as long as the provider says before it tries again', async () => {
    Object.assign(provider.state, { fault: { kind: 'status', status: 503, retryAfter: '1' }, faultsLeft: 1 });
    const start = performance.now();

    expect((await sourceOf().fetch({ withinMs: 2_500 })).kind).toBe('table');
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
  });

  /** How long it is left alone, s: while there are other rates, and while there are none. */
  function restSeconds(source: HttpRateSource): [number, number] {
    const start = clock.now();
    const rest: [number, number] = [0, 0];
    for (; source.isCoolingDown(false) && rest[0] < 100_000; rest[0]++) {
      if (source.isCoolingDown(true)) rest[1]++;
      clock.advance(1_000);
    }
    clock.advance(start - clock.now());
    return rest;
  }

  const inThreeSeconds = () => new Date(clock.now() + 3_000).toUTCString();
  it.each<[string, () => Fault, [number, number]]>([
    ['no word on it', () => ({ kind: 'status', status: 429 }), [0, 0]],
    ['seconds', () => ({ kind: 'status', status: 429, retryAfter: '3' }), [3, 3]],
    ['an hour', () => ({ kind: 'status', status: 503, retryAfter: '3600' }), [3_600, 5]],
    [
      'a date',
      () => ({ kind: 'status', status: 429, retryAfter: inThreeSeconds(), date: new Date(clock.now()) }),
      [3, 3],
    ],
    [
      'a date by a clock that differs from ours',
      () => ({
        kind: 'status',
        status: 429,
        retryAfter: inThreeSeconds(),
        date: new Date(clock.now() - 3_597_000),
      }),
      [3_600, 5],
    ],
    ['401', () => ({ kind: 'status', status: 401 }), [240, 5]],
    ['403', () => ({ kind: 'status', status: 403 }), [240, 5]],
    ['200 and the word that the key is not valid', () => ({ kind: 'refusal' }), [240, 5]],
    ['404', () => ({ kind: 'status', status: 404 }), [0, 0]],
    ['a table', () => ({ kind: 'none' }), [0, 0]],
  ])('leaves a provider alone that answers with %s, for as long as it should', async (_, fault, expected) => {
    provider.state.fault = fault();
    const source = sourceOf('fixer');
    await source.fetch({ withinMs: 2_000 }).catch(() => undefined);
    expect(restSeconds(source)).toEqual(expected);

    provider.state.fault = { kind: 'none' };
    await source.fetch({ withinMs: 2_000 });
    expect(restSeconds(source)).toEqual([0, 0]);
  });

  it('leaves a provider alone for seconds after three failures in a row, and after each one more', async () => {
    provider.state.fault = { kind: 'status', status: 404 };
    const source = sourceOf();
    const rests = [];
    for (let call = 0; call < 4; call++) {
      await failure(source);
      rests.push(restSeconds(source));
    }
    expect(rests).toEqual([
      [0, 0],
      [0, 0],
      [4, 4],
      [4, 4],
    ]);
  });

  it('says in the error why the provider refuses', async () => {
    provider.state.fault = { kind: 'refusal' };
    expect((await failure(sourceOf('fixer', '?access_key=K'))).message).toBe(
      'it refused: invalid_access_key ?access_key=***',
    );
    expect((await failure(sourceOf('openexchangerates', '?app_id=secret'))).message).toBe(
      'it refused: invalid_app_id ?app_id=***',
    );
    expect((await failure(sourceOf())).message).toBe('it refused: not found');
  });

  describe('reading the formats', () => {
    const answerOf = async (service: RateService, body: string) => {
      provider.state.fault = { kind: 'body', body };
      const answer = await sourceOf(service).fetch({ withinMs: 2_000 });
      if (answer.kind !== 'table') throw new Error('there is no table');
      return answer.table;
    };

    it('dates Frankfurter v2 by its oldest row', async () => {
      const { asOf } = await answerOf(
        'frankfurter-v2',
        '[{"date":"2025-12-31","base":"EUR","quote":"USD","rate":1.1},{"date":"2025-12-30","base":"EUR","quote":"GBP","rate":0.9}]',
      );
      expect(new Date(asOf).toISOString()).toBe('2025-12-30T00:00:00.000Z');
    });

    const row = (fields: object) => ({ date: '2025-12-31', base: 'EUR', quote: 'USD', rate: 1.1, ...fields });
    const good = [row({}), row({ quote: 'GBP', rate: 0.9 }), row({ quote: 'CAD', rate: 1.5 })];
    it.each<[string, unknown[]]>([
      ['without a rate', [row({ quote: 'JPY', rate: undefined })]],
      ['with null as rate', [row({ quote: 'JPY', rate: null })]],
      ['without a date', [row({ quote: 'JPY', date: undefined })]],
      ['with null as date', [row({ quote: 'JPY', date: null })]],
      ['with a date that no calendar has', [row({ quote: 'JPY', date: '2025-02-30' })]],
      ['of last year', [row({ quote: 'JPY', date: '2024-12-31' })]],
      ['a week and a day old', [row({ quote: 'JPY', date: '2025-12-24' })]],
      ['of the day after tomorrow', [row({ quote: 'JPY', date: '2026-01-03' })]],
      ['of another base', [row({ quote: 'JPY', base: 'USD' })]],
      ['without a base', [row({ quote: 'JPY', base: undefined })]],
      ['without a currency', [row({ quote: null }), row({ quote: 7 })]],
      ['of a currency that is none any more, and old', [row({ quote: 'BGN', date: '2023-12-31' })]],
      ['twice for a currency', [row({ quote: 'JPY', rate: 180 }), row({ quote: 'JPY', rate: 18 })]],
      ['that is a number', [7]],
      ['that is null', [null]],
    ])('leaves out a row of Frankfurter v2 %s, and no other', async (_, odd) => {
      for (const body of [
        [...good, ...odd],
        [...odd, ...good],
      ]) {
        const { base, asOf, rates } = await answerOf('frankfurter-v2', JSON.stringify(body));
        expect([base, asOf, Object.fromEntries(rates)]).toEqual([
          'EUR',
          Date.UTC(2025, 11, 31),
          { USD: '1.1', GBP: '0.9', CAD: '1.5' },
        ]);
      }
    });

    it.each<[string, unknown[]]>([
      ['has different bases', [row({}), row({ quote: 'GBP', base: 'USD' })]],
      ['has no row that can be used', [row({ date: '2025-12-01' })]],
      ['has base is not a currency', [7, null]],
    ])('refuses rows of Frankfurter v2 of which it cannot be said what they mean: %s', async (reason, body) => {
      await expect(answerOf('frankfurter-v2', JSON.stringify(body))).rejects.toThrow(reason.slice(4));
    });

    it.each<[RateService, string]>([
      ['fixer', '{"success":"true","timestamp":1767139200,"base":"EUR","rates":{"USD":1.1}}'],
      ['fixer', '{"success":true,"error":null,"timestamp":"1767139200","base":"EUR","rates":{"USD":"1.1"}}'],
      ['fixer', '{"success":true,"error":false,"timestamp":1767139200.0,"base":"EUR","rates":{"USD":1.1}}'],
      ['openexchangerates', '{"error":null,"timestamp":1767139200,"base":"EUR","rates":{"USD":1.1}}'],
      ['openexchangerates', '{"error":false,"timestamp":"1767139200","base":"EUR","rates":{"USD":1.1}}'],
      ['exchangerate-host', '{"success":"true","timestamp":"1767139200.0","source":"EUR","quotes":{"EURUSD":"1.1"}}'],
    ])('takes the odd spellings of %s: %s', async (service, body) => {
      const { asOf, rates } = await answerOf(service, body);
      expect([asOf, ...rates]).toEqual([Date.UTC(2025, 11, 31), ['USD', '1.1']]);
    });

    it.each<[RateService, string]>([
      ['fixer', '{"success":false,"timestamp":1767139200,"base":"EUR","rates":{"USD":1.1}}'],
      ['fixer', '{"success":"false","timestamp":1767139200,"base":"EUR","rates":{"USD":1.1}}'],
      ['fixer', '{"success":null,"timestamp":1767139200,"base":"EUR","rates":{"USD":1.1}}'],
      ['fixer', '{"success":true,"error":{},"timestamp":1767139200,"base":"EUR","rates":{"USD":1.1}}'],
      ['openexchangerates', '{"error":"false","timestamp":1767139200,"base":"EUR","rates":{"USD":1.1}}'],
      ['openexchangerates', '{"timestamp":1767139200.5,"base":"EUR","rates":{"USD":1.1}}'],
    ])('refuses what %s cannot mean for good: %s', async (service, body) => {
      await expect(answerOf(service, body)).rejects.toThrow();
    });

    it('refuses rates of Frankfurter for another amount than 1', async () => {
      await expect(
        answerOf('frankfurter', '{"amount":10.0,"base":"EUR","date":"2025-12-31","rates":{"USD":10.855}}'),
      ).rejects.toThrow('not for 1 unit');
    });

    it('takes what exchangeratesapi used to say: neither a success flag nor a timestamp', async () => {
      expect(await answerOf('fixer', '{"base":"EUR","date":"2025-12-31","rates":{"USD":1.0855}}')).toMatchObject({
        base: 'EUR',
        asOf: Date.UTC(2025, 11, 31),
      });
    });

    it('takes only the quotes of exchangerate.host that begin with its base', async () => {
      const { base, rates } = await answerOf(
        'exchangerate-host',
        '{"success":true,"timestamp":1430401802,"source":"USD","quotes":{"USDEUR":0.9,"GBPUSD":1.3,"USDUSD":1.000268}}',
      );
      expect([base, ...rates]).toEqual(['USD', ['EUR', '0.9']]);
    });

    it('is not misled by names that every object has', async () => {
      const { rates } = await answerOf(
        'frankfurter',
        '{"amount":1.0,"base":"EUR","date":"2025-12-31","rates":{"__proto__":{"USD":9},"constructor":1,"JPY":180}}',
      );
      expect([...rates]).toEqual([['JPY', '180']]);
    });
  });
});
