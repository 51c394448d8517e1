import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RateService } from '../../src/adapters/http/rate-formats.ts';
import { HttpRateSource } from '../../src/adapters/http/rate-source.ts';
import { eventually } from '../helpers/eventually.ts';
import { type FakeRateProvider, startFakeRateProvider } from '../helpers/fake-rate-provider.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';

describe('a rate provider over HTTP', () => {
  const clock = new FakeClock();
  let provider: FakeRateProvider;
  beforeEach(async () => {
    provider = await startFakeRateProvider();
  });
  afterEach(() => provider.stop());

  const sourceOf = (service: RateService = 'frankfurter', path = '') =>
    new HttpRateSource({ service, url: new URL(provider.url + path), clock, random: seededRandom(1) });
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
    const { host } = new URL(provider.url);
    expect(sourceOf('fixer', '/api?access_key=K').id).toBe(`fixer:EUR@${host}/api`);
    expect(new HttpRateSource({ service: 'openexchangerates', clock, random: seededRandom(1) }).id).toBe(
      'openexchangerates:USD',
    );
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

  it('leaves a provider alone that asks for it, seconds at most', async () => {
    provider.state.fault = { kind: 'status', status: 429, retryAfter: new Date(clock.now() + 3_000).toUTCString() };
    const source = sourceOf();
    await failure(source);
    provider.state.fault = { kind: 'none' };
    clock.advance(2_000);
    expect((await failure(source)).message).toContain('left alone');
    expect(provider.requests).toHaveLength(1);
    clock.advance(1_000);
    expect((await source.fetch({ withinMs: 2_000 })).kind).toBe('table');

    provider.state.fault = { kind: 'status', status: 503, retryAfter: '3600' };
    await failure(source);
    provider.state.fault = { kind: 'none' };
    clock.advance(5_000);
    expect((await source.fetch({ withinMs: 2_000 })).kind).toBe('table');
  });

  it('stops asking after three failures in a row, and notices within seconds that the provider works again', async () => {
    provider.state.fault = { kind: 'status', status: 404 };
    const source = sourceOf();
    for (let call = 0; call < 3; call++) await failure(source);
    expect((await failure(source)).message).toContain('3 times in a row');
    expect(provider.requests).toHaveLength(3);

    provider.state.fault = { kind: 'none' };
    const start = performance.now();
    await eventually(
      () => source.fetch({ withinMs: 500 }),
      ({ kind }) => kind === 'table',
      8_000,
    );
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(provider.requests).toHaveLength(4);
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

    it.each([
      [
        'different bases',
        '[{"date":"2025-12-31","base":"EUR","quote":"USD","rate":1.1},{"date":"2025-12-31","base":"USD","quote":"GBP","rate":0.9}]',
      ],
      [
        'two rates',
        '[{"date":"2025-12-31","base":"EUR","quote":"USD","rate":1.1},{"date":"2025-12-31","base":"EUR","quote":"USD","rate":1.2}]',
      ],
      ['not an object', '[{"date":"2025-12-31","base":"EUR","quote":"USD","rate":1.1},7]'],
      ['date', '[{"date":"2025-02-30","base":"EUR","quote":"USD","rate":1.1}]'],
    ])('refuses rows of Frankfurter v2 with %s', async (reason, body) => {
      await expect(answerOf('frankfurter-v2', body)).rejects.toThrow(reason);
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
