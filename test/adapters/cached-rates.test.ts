import { describe, expect, it } from '@jest/globals';
import { CachedRates } from '../../src/adapters/caching/cached-rates.ts';
import { MemoryRateCache } from '../../src/adapters/memory/rate-cache.ts';
import { ageingClock } from '../../src/adapters/system/elapsed-time.ts';
import type { FreshnessRules } from '../../src/domain/stocks/freshness.ts';
import type { RateCache } from '../../src/ports/stocks.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { overriding } from '../helpers/overriding.ts';
import { ScriptedRateSource } from '../helpers/rate-sources.ts';

/** Processes that share a clock, a cache and sources. */
function fleet({
  sources = [new ScriptedRateSource()],
  rules = {},
  hasLastResort = false,
}: {
  sources?: ScriptedRateSource[];
  rules?: Partial<FreshnessRules>;
  hasLastResort?: boolean;
} = {}) {
  const clock = new FakeClock();
  const monotonic = () => clock.now();
  const cache = new MemoryRateCache(clock, monotonic);
  const problems: string[] = [];
  let processes = 0;
  const stale = { answers: 0 };
  const join = (ownCache: RateCache = cache) =>
    new CachedRates({
      sources,
      cache: ownCache,
      rules: { ttlMs: 20_000, maxFreshMs: 3_600_000, maxStaleMs: 3_600_000, maxAsOfAgeMs: 604_800_000, ...rules },
      clock,
      machineClock: clock,
      monotonic,
      hasLastResort,
      holder: `process-${++processes}`,
      onStale: () => stale.answers++,
      onError: (error, doing) => problems.push(`${doing}: ${(error as Error).message}`),
    });
  return { clock, cache, problems, stale, join, source: sources[0] as ScriptedRateSource, other: sources[1] };
}

const broken: RateCache = {
  get: () => Promise.reject(new Error('no cache')),
  put: () => Promise.reject(new Error('no cache')),
  lease: () => Promise.reject(new Error('no cache')),
  release: () => Promise.reject(new Error('no cache')),
};

/** How often a lease was asked for since. */
function renewals(cache: MemoryRateCache): () => number {
  let count = 0;
  const lease = cache.lease.bind(cache);
  cache.lease = (holder, ms) => {
    if (holder !== 'other') count++;
    return lease(holder, ms);
  };
  return () => count;
}

const unavailable = { code: 'STOCKS_RATES_UNAVAILABLE', retryAfterSeconds: 2 };
const isStale = (rates: { freshUntil: number }, clock: FakeClock) => clock.now() >= rates.freshUntil;

describe('rates while the source works', () => {
  it('are fetched once for all callers of all processes', async () => {
    const { join, source } = fleet();
    const open = source.hold();
    const processes = Array.from({ length: 20 }, () => join());
    const answers = processes.flatMap((rates) => Array.from({ length: 20 }, () => rates.latest()));
    setTimeout(open, 120);

    for (const rates of await Promise.all(answers)) expect(rates.rates.get('USD')).toBe('1.0855');
    expect(source.requests).toHaveLength(1);
  });

  it('come from the process itself as long as they are fresh', async () => {
    const { join, source, clock, cache } = fleet();
    const rates = join();
    const first = await rates.latest();
    clock.advance(17_999);
    await cache.put({ sourceId: source.id, etag: undefined, rates: { ...first, confirmedAt: clock.now() } }, 60_000);

    expect(await rates.latest()).toBe(first);
    expect(source.requests).toHaveLength(1);
  });

  it('are renewed near their end by one process, while everybody is answered at once', async () => {
    const { join, source, clock } = fleet();
    const processes = [join(), join(), join()];
    for (const rates of processes) await rates.latest();
    clock.advance(18_000);
    source.usd = '1.0900';
    source.version = 2;
    const open = source.hold();

    for (const rates of [...processes, ...processes]) expect((await rates.latest()).rates.get('USD')).toBe('1.0855');
    await eventually(
      () => source.requests.length,
      (count) => count === 2,
    );
    open();
    for (const rates of processes)
      await eventually(
        async () => (await rates.latest()).rates.get('USD'),
        (usd) => usd === '1.0900',
      );
    expect(source.requests).toHaveLength(2);
  });

  it('are waited for once they have expired: nobody gets the old ones', async () => {
    const { join, source, clock } = fleet();
    const [one, two] = [join(), join()];
    await one.latest();
    await two.latest();
    clock.advance(20_000);
    source.usd = '1.0900';
    source.version = 2;

    const answers = await Promise.all([one.latest(), two.latest(), one.latest()]);
    expect(answers.map((rates) => rates.rates.get('USD'))).toEqual(['1.0900', '1.0900', '1.0900']);
    expect(source.requests).toHaveLength(2);
  });

  it('are confirmed with the etag, which moves their age and not their time', async () => {
    const { join, source, clock } = fleet();
    const first = await join().latest();
    clock.advance(20_000);
    const second = await join().latest();

    expect(source.requests.map(({ etag }) => etag)).toEqual([undefined, '"v1"']);
    expect(second).toEqual({ ...first, confirmedAt: clock.now(), freshUntil: clock.now() + 20_000 });
  });

  it('are fresh as long as the source says, within the limit', async () => {
    const { join, source, clock } = fleet({ rules: { maxFreshMs: 600_000 } });
    source.maxAgeMs = 60_000;
    expect((await join().latest()).freshUntil).toBe(clock.now() + 60_000);
    clock.advance(60_000);
    source.maxAgeMs = 86_400_000;
    expect((await join().latest()).freshUntil).toBe(clock.now() + 600_000);
  });
});

describe('rates while the source fails', () => {
  it('are said to be stale with each answer, with those that are refused too, and no longer once it works', async () => {
    const { clock, stale, join, source } = fleet({ rules: { maxStaleMs: 60_000 } });
    const rates = join();
    await rates.latest();
    source.failing = true;
    clock.advance(21_000);
    await rates.latest();
    await rates.latest();
    expect(stale.answers).toBe(2);
    clock.advance(120_000);
    await expect(rates.latest()).rejects.toMatchObject({ code: 'STOCKS_RATES_UNAVAILABLE' });
    expect(stale.answers).toBe(3);
    source.failing = false;
    clock.advance(5_000);
    await rates.latest();
    expect(stale.answers).toBe(3);
  });

  it('are the last ones, marked, up to the bound and not beyond', async () => {
    const { join, source, clock } = fleet({ rules: { maxStaleMs: 60_000 } });
    const rates = join();
    const first = await rates.latest();
    source.failing = true;

    clock.advance(20_000);
    expect(await rates.latest()).toEqual(first);
    expect(isStale(await rates.latest(), clock)).toBe(true);
    clock.advance(59_999);
    expect(await rates.latest()).toEqual(first);
    clock.advance(1);
    await expect(rates.latest()).rejects.toMatchObject(unavailable);
    // A process that was not there before has them from the cache, under the same bound.
    await expect(join().latest()).rejects.toMatchObject(unavailable);
  });

  it('reach a new process through the cache', async () => {
    const { join, source, clock } = fleet();
    const first = await join().latest();
    source.failing = true;
    clock.advance(1_800_000);

    expect(await join().latest()).toEqual(first);
  });

  it('are asked for once in each pause, however many callers and processes there are', async () => {
    const { join, source, clock } = fleet();
    source.failing = true;
    const processes = Array.from({ length: 10 }, () => join());
    const start = performance.now();
    const answers = await Promise.allSettled(
      processes.flatMap((rates) => Array.from({ length: 10 }, () => rates.latest())),
    );

    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: unavailable });
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(source.requests).toHaveLength(1);
    clock.advance(1_999);
    await expect(join().latest()).rejects.toMatchObject(unavailable);
    expect(source.requests).toHaveLength(1);
    clock.advance(1);
    source.failing = false;
    expect((await processes[3]?.latest())?.rates.get('USD')).toBe('1.0855');
    expect(source.requests).toHaveLength(2);
  });

  it('are noticed to be back within seconds', async () => {
    const { join, source, clock } = fleet();
    const rates = join();
    await rates.latest();
    source.failing = true;
    clock.advance(20_000);
    await rates.latest();
    source.failing = false;
    clock.advance(2_000);

    expect(isStale(await rates.latest(), clock)).toBe(false);
  });

  it('keep coming after a failed early renewal, and are then waited for', async () => {
    const { join, source, clock, problems } = fleet();
    const rates = join();
    await rates.latest();
    await rates.flush();
    clock.advance(18_000);
    source.failing = true;
    expect(isStale(await rates.latest(), clock)).toBe(false);
    await rates.flush();
    expect(problems).toHaveLength(1);
    clock.advance(2_000);
    source.failing = false;

    expect(isStale(await rates.latest(), clock)).toBe(false);
    expect(source.requests).toHaveLength(3);
  });
});

describe('rates of several sources', () => {
  it('come from the next one when one fails, and from the preferred one as soon as it is back', async () => {
    const { join, source, other, clock, problems } = fleet({
      sources: [new ScriptedRateSource('frankfurter'), new ScriptedRateSource('fixer')],
    });
    const rates = join();
    source.failing = true;
    expect((await rates.latest()).source).toBe('fixer');
    expect(problems).toEqual(['fetching rates from frankfurter: frankfurter is down']);
    await rates.flush();

    // While the second one's table is fresh, it is not asked again; the preferred one is, behind the answers.
    clock.advance(2_000);
    expect((await rates.latest()).source).toBe('fixer');
    await eventually(
      () => source.requests.length,
      (count) => count === 2,
    );
    expect(other?.requests).toHaveLength(1);
    await rates.flush();

    source.failing = false;
    clock.advance(2_000);
    await eventually(
      async () => (await rates.latest()).source,
      (name) => name === 'frankfurter',
    );
    expect(other?.requests).toHaveLength(1);
    // The others hear of it through the cache.
    expect((await join().latest()).source).toBe('frankfurter');
    expect(source.requests).toHaveLength(3);
  });

  it.each([2, 5])('come from the last one of %i when all others hang, even if it is slow as well', async (count) => {
    const sources = Array.from({ length: count }, (_, index) => new ScriptedRateSource(`source-${index}`));
    const { join } = fleet({ sources });
    for (const hanging of sources.slice(0, -1)) hanging.hold();
    const last = sources.at(-1) as ScriptedRateSource;
    const open = last.hold();
    const answer = join().latest();
    await eventually(
      () => last.requests.length,
      (asked) => asked === 1,
    );
    setTimeout(open, 300);

    expect((await answer).source).toBe(last.name);
    for (const { requests } of sources) expect(requests).toHaveLength(1);
  });

  it('come from the preferred one as soon as its answer is there, however late', async () => {
    const { join, source, other } = fleet({
      sources: [new ScriptedRateSource('frankfurter'), new ScriptedRateSource('fixer')],
    });
    const open = source.hold();
    const rates = join();
    expect((await rates.latest()).source).toBe('fixer');

    open();
    await eventually(
      async () => (await rates.latest()).source,
      (name) => name === 'frankfurter',
    );
    expect([source.requests.length, other?.requests.length]).toEqual([1, 1]);
    // The others hear of it through the cache.
    expect((await join().latest()).source).toBe('frankfurter');
  });

  it('are not asked of one that wants to be left alone, for as long as another serves', async () => {
    const { join, source, other, clock, problems } = fleet({
      sources: [new ScriptedRateSource('frankfurter'), new ScriptedRateSource('fixer')],
    });
    source.rest = 'unless urgent';
    const rates = join();
    for (let hour = 0; hour < 3; hour++) {
      expect(await rates.latest()).toMatchObject({ source: 'fixer', confirmedAt: clock.now() });
      await rates.flush();
      clock.advance(3_600_000);
    }
    expect([source.requests.length, other?.requests.length]).toEqual([0, 3]);
    expect(problems).toEqual([]);

    clock.advance(36_000_000);
    (other as ScriptedRateSource).failing = true;
    expect((await rates.latest()).source).toBe('frankfurter');
  });

  it('are renewed from the second one with its own etag while the first one stays away', async () => {
    const { join, source, other, clock } = fleet({
      sources: [new ScriptedRateSource('frankfurter'), new ScriptedRateSource('fixer')],
    });
    source.failing = true;
    const rates = join();
    await rates.latest();
    await rates.flush();
    clock.advance(20_000);

    expect(await rates.latest()).toMatchObject({ source: 'fixer', confirmedAt: clock.now() });
    expect(source.requests.at(-1)?.etag).toBeUndefined();
    expect(other?.requests.map(({ etag }) => etag)).toEqual([undefined, '"v1"']);
  });

  it('prefer a fresh table of another source to a stale one of their own', async () => {
    const { join, source, clock } = fleet({
      sources: [new ScriptedRateSource('frankfurter'), new ScriptedRateSource('fixer')],
    });
    const rates = join();
    expect((await rates.latest()).source).toBe('frankfurter');
    source.failing = true;
    clock.advance(20_000);

    const answer = await rates.latest();
    expect([answer.source, isStale(answer, clock)]).toEqual(['fixer', false]);
  });
});

describe('rates when a process dies over a fetch', () => {
  it('are 503 within the budget, and fetched by another one when the lease ends', async () => {
    const { join, source, clock, cache } = fleet();
    await cache.lease('dead', 4_000);
    const start = performance.now();

    await expect(join().latest()).rejects.toMatchObject(unavailable);
    expect(performance.now() - start).toBeLessThan(2_900);
    expect(source.requests).toHaveLength(0);
    clock.advance(4_000);
    expect((await join().latest()).rates.get('USD')).toBe('1.0855');
  });

  it('reach those who were waiting when the lease ends', async () => {
    const { join, source, clock, cache } = fleet();
    await cache.lease('dead', 4_000);
    const waiting = Promise.all([join(), join(), join()].map((rates) => rates.latest()));
    setTimeout(() => clock.advance(4_000), 200);

    for (const rates of await waiting) expect(rates.rates.get('USD')).toBe('1.0855');
    expect(source.requests).toHaveLength(1);
  });

  it('are shared, and the lease given back, by a process that was not told that it has it', async () => {
    const { join, source, cache } = fleet();
    const deaf = join(
      overriding<RateCache>(cache, {
        lease: async (holder, ms) => {
          await cache.lease(holder, ms);
          throw new Error('no answer');
        },
      }),
    );
    await deaf.latest();
    await deaf.flush();

    expect((await join().latest()).rates.get('USD')).toBe('1.0855');
    expect(source.requests).toHaveLength(1);
    expect(await cache.lease('next', 4_000)).toEqual({ kind: 'taken' });
  });

  it('are waited for only as long as the caller still has time', async () => {
    const { join, source, clock } = fleet();
    const rates = join();
    const first = await rates.latest();
    clock.advance(20_000);
    const open = source.hold();
    const start = performance.now();

    expect(await rates.latest(2_600)).toEqual(first);
    expect(await rates.latest(9_999)).toEqual(first);
    await expect(join(broken).latest(2_600)).rejects.toMatchObject(unavailable);
    expect(performance.now() - start).toBeLessThan(1_000);
    open();
  });

  it('are the stale ones for those who wait in vain', async () => {
    const { join, clock, cache } = fleet();
    const rates = join();
    const first = await rates.latest();
    clock.advance(20_000);
    await cache.lease('dead', 60_000);

    expect(await rates.latest()).toEqual(first);
  });
});

describe('rates without the shared cache', () => {
  it('are fetched by each process for itself, once for all of its callers', async () => {
    const { join, source, problems } = fleet();
    const [one, two] = [join(broken), join(broken)];
    await Promise.all([one.latest(), one.latest(), two.latest(), two.latest()]);

    expect(source.requests).toHaveLength(2);
    expect(problems).toContain('asking the shared cache for rates: no cache');
  });

  it('stay under the same bound of staleness and are asked for once in each pause', async () => {
    const { join, source, clock } = fleet({ rules: { maxStaleMs: 60_000 } });
    const rates = join(broken);
    const first = await rates.latest();
    source.failing = true;
    clock.advance(20_000);
    for (let call = 0; call < 5; call++) expect(await rates.latest()).toEqual(first);
    expect(source.requests).toHaveLength(2);
    clock.advance(60_000);

    await expect(rates.latest()).rejects.toMatchObject(unavailable);
    await expect(join(broken).latest()).rejects.toMatchObject(unavailable);
  });

  it('survive a cache that forgets everything, or fails only when it is to store', async () => {
    const { join, cache, source, clock, problems } = fleet();
    const forgetful = join({
      get: async () => undefined,
      put: broken.put,
      lease: (holder, ms) => cache.lease(holder, ms),
      release: broken.release,
    });
    expect((await forgetful.latest()).rates.get('USD')).toBe('1.0855');
    source.failing = true;
    clock.advance(20_000);

    expect((await forgetful.latest()).rates.get('USD')).toBe('1.0855');
    expect(problems).toContain('sharing rates: no cache');
  });
});

describe('rates in a process that stands still now and then', () => {
  it('are as old as the request for them, and fresh no longer than an answer in time would be', async () => {
    const { join, source, clock } = fleet();
    const rates = join();
    const asked = clock.now();
    const open = source.hold();
    const answer = rates.latest();
    await eventually(
      () => source.requests.length,
      (count) => count === 1,
    );
    clock.advance(3_600_000);
    source.gate = Promise.resolve();
    open();

    // The first answer is an hour old, so that another one is asked for before anybody sees it.
    expect(await answer).toMatchObject({ confirmedAt: asked + 3_600_000, freshUntil: asked + 3_620_000 });
    expect(source.requests).toHaveLength(2);
  });

  it('are waited for by whoever ends before they are there', async () => {
    const { join, source, clock } = fleet();
    const rates = join();
    await rates.latest();
    await rates.flush();
    clock.advance(18_000);
    const open = source.hold();
    await rates.latest();
    const settled = rates.flush();
    setTimeout(open, 50);
    await settled;

    source.failing = true;
    expect(await rates.latest()).toMatchObject({ confirmedAt: clock.now() });
    expect(source.requests).toHaveLength(2);
  });

  it('hold nobody up for longer than an answer may take', async () => {
    const { join, source } = fleet();
    const rates = join(broken);
    const open = source.hold();
    const answer = rates.latest(2_700);
    answer.catch(() => undefined);
    const begin = performance.now();
    await rates.flush();

    expect(performance.now() - begin).toBeLessThan(2_900);
    open();
    await expect(answer).rejects.toMatchObject(unavailable);
  });
});

describe('rates of a source that wants to be left alone', () => {
  it.each([
    ['a table is held', async (rates: CachedRates) => void (await rates.latest()), {}],
    ['the caller has others', async () => undefined, { hasLastResort: true }],
  ])('are not asked for while %s', async (_, prepare, options) => {
    const { join, source, clock } = fleet(options);
    const rates = join();
    await prepare(rates);
    const before = source.requests.length;
    source.rest = 'unless urgent';
    for (let second = 0; second < 60; second++) {
      clock.advance(1_000);
      await rates.latest().catch(() => undefined);
    }
    expect(source.requests).toHaveLength(before);
  });

  it('are asked for when there are no others', async () => {
    const { join, source } = fleet();
    source.rest = 'unless urgent';
    expect((await join().latest()).source).toBe('frankfurter');

    source.rest = 'always';
    await expect(
      fleet({ sources: [source] })
        .join()
        .latest(),
    ).rejects.toMatchObject(unavailable);
    expect(source.requests).toHaveLength(1);
  });
});

describe('rates of a slow source', () => {
  it('are used when they come, whoever still waits for them', async () => {
    const { join, source } = fleet();
    const open = source.hold();
    const rates = join();
    await expect(rates.latest()).rejects.toMatchObject(unavailable);
    await expect(rates.latest(2_700)).rejects.toMatchObject(unavailable);
    const waiting = join().latest();
    open();

    expect((await waiting).source).toBe('frankfurter');
    expect((await rates.latest()).source).toBe('frankfurter');
    expect(source.requests).toHaveLength(1);
  });

  it('are waited for under the lease, which is renewed for as long as that takes', async () => {
    const { join, source, cache, clock } = fleet();
    const open = source.hold();
    const rates = join();
    rates.latest().catch(() => undefined);
    // In steps that are shorter than the lease and longer together than two of them.
    for (let step = 0; step < 4; step++) {
      const renewed = renewals(cache);
      await eventually(renewed, (count) => count > 0);
      clock.advance(2_500);
      expect(await cache.lease('other', 4_000)).toEqual({ kind: 'held' });
    }
    open();
    await eventually(
      () => rates.latest(),
      ({ source: name }) => name === 'frankfurter',
    );
    await rates.flush();
    expect(await cache.lease('other', 4_000)).toEqual({ kind: 'taken' });
  }, 30_000);

  it('hold nobody up who can have the last ones, but for the first moments', async () => {
    const { join, source, clock } = fleet();
    const rates = join();
    const first = await rates.latest();
    clock.advance(20_000);
    const open = source.hold();
    expect(await rates.latest()).toEqual(first);
    const start = performance.now();
    for (let call = 0; call < 20; call++) expect(await rates.latest()).toEqual(first);

    expect(performance.now() - start).toBeLessThan(1_500);
    open();
  });

  it('are asked for once more after five seconds, as the first request may have been lost', async () => {
    const { join, source } = fleet();
    source.hold();
    const rates = join();
    await rates.latest().catch(() => undefined);
    expect(source.requests).toHaveLength(1);
    source.gate = Promise.resolve();

    await eventually(
      () => rates.latest(),
      ({ source: name }) => name === 'frankfurter',
      8_000,
    );
    expect(source.requests).toHaveLength(2);
  }, 15_000);
});

describe('rates that are too old by their own time', () => {
  it('are a failure of their source, and the next one is asked', async () => {
    const { join, source, clock, problems } = fleet({
      sources: [new ScriptedRateSource('frankfurter'), new ScriptedRateSource('fixer')],
    });
    source.asOf = clock.now() - 604_800_001;
    expect((await join().latest()).source).toBe('fixer');
    expect(problems).toEqual([expect.stringMatching(/^fetching rates from frankfurter: its rates are of .* too old$/)]);

    source.asOf += 1;
    clock.advance(2_000);
    expect(
      (
        await fleet({ sources: [source] })
          .join()
          .latest()
      ).source,
    ).toBe('frankfurter');
  });

  it('are a failure also of a source that says that nothing has changed', async () => {
    const { join, source, clock } = fleet({ rules: { maxStaleMs: 2 * 604_800_000 } });
    const rates = join();
    await rates.latest();
    clock.advance(604_800_000);

    expect(isStale(await rates.latest(), clock)).toBe(true);
    expect(source.requests.at(-1)?.etag).toBeUndefined();
  });
});

describe('rates in a process whose wall clock is set', () => {
  /** Clocks that go on together, of which the wall clock can be set. */
  function settableClock() {
    let [passed, aheadMs] = [1_000, 0];
    const wall = () => Date.UTC(2026, 0, 1) + passed + aheadMs;
    return {
      clock: ageingClock(wall, () => passed),
      machineClock: { now: wall, earliest: wall },
      monotonic: () => passed,
      pass: (ms: number) => {
        passed += ms;
      },
      set: (ms: number) => {
        aheadMs += ms;
      },
    };
  }
  function aProcess() {
    const { clock, machineClock, monotonic, ...hands } = settableClock();
    const source = new ScriptedRateSource();
    const rates = new CachedRates({
      sources: [source],
      cache: new MemoryRateCache(clock, monotonic),
      rules: { ttlMs: 20_000, maxFreshMs: 3_600_000, maxStaleMs: 60_000, maxAsOfAgeMs: 604_800_000 },
      clock,
      machineClock,
      monotonic,
      holder: 'process',
      onStale: () => undefined,
      onError: () => undefined,
    });
    return { source, rates, clock, ...hands };
  }

  it.each([-3_600_000, -60_000, -3_000, 3_000, 60_000, 3_600_000, -8_760 * 3_600_000])(
    'by %i ms age on, are renewed, and are not asked for more often than else',
    async (ms) => {
      const { source, rates, clock, pass, set } = aProcess();
      let most = 0;
      for (let second = 0; second < 120; second++) {
        if (second === 30) set(ms);
        if (second === 70) set(-ms);
        most = Math.max(most, clock.now() - (await rates.latest()).confirmedAt);
        await rates.flush();
        pass(1_000);
      }
      expect(most).toBeLessThan(20_000);
      expect(source.requests.length).toBeGreaterThanOrEqual(6);
      expect(source.requests.length).toBeLessThanOrEqual(6 + 3);
    },
  );

  it.each([-3_600_000, 0])('by %i ms are served no longer than they may, and asked for again at once', async (ms) => {
    const { source, rates, pass, set } = aProcess();
    await rates.latest();
    source.failing = true;
    set(ms);
    pass(79_999);
    await rates.latest();
    set(ms);
    pass(1);
    await expect(rates.latest()).rejects.toMatchObject(unavailable);

    source.failing = false;
    set(ms);
    pass(2_000);
    expect((await rates.latest()).source).toBe('frankfurter');
  });
});

describe('rates when the cache lies', () => {
  const lies: [string, Partial<RateCache>][] = [
    ['there is a pause of a year', { lease: async () => ({ kind: 'paused', ms: 31_536_000_000 }) }],
    ['there is a pause of no length', { lease: async () => ({ kind: 'paused', ms: 0 }) }],
    ['there is a pause of no number', { lease: async () => ({ kind: 'paused', ms: Number.NaN }) }],
    ['somebody always has the lease', { lease: async () => ({ kind: 'held' }) }],
    [
      'everybody has the lease, and nothing is stored',
      { get: async () => undefined, lease: async () => ({ kind: 'taken' }) },
    ],
  ];
  it.each(lies)('and says that %s: answers come in time, and the process does other work meanwhile', async (_, lie) => {
    const { join, cache, source } = fleet();
    source.failing = true;
    const asked = { count: 0 };
    const lying = overriding<RateCache>(cache, {
      ...lie,
      get: () => {
        asked.count++;
        return (lie.get ?? cache.get.bind(cache))();
      },
    });
    const rates = join(lying);
    const start = performance.now();
    await expect(rates.latest()).rejects.toMatchObject(unavailable);

    expect(performance.now() - start).toBeLessThan(2_950);
    expect(asked.count).toBeLessThan(100);
  });

  it('and dates a table ahead, or lets it be fresh for ever: it is as old as it can be at the least', async () => {
    const { join, clock, cache, source } = fleet({ rules: { maxFreshMs: 30_000 } });
    const ahead = clock.now() + 600_000;
    const rates = { ...source.table, confirmedAt: ahead, freshUntil: ahead + 9_000_000 };
    await cache.put({ sourceId: source.id, etag: '"v1"', rates }, 9_000_000);

    expect(await join().latest()).toMatchObject({ confirmedAt: clock.now(), freshUntil: clock.now() + 30_000 });
  });

  it('and has a table that is too old by its own time: it is not used', async () => {
    const { join, clock, cache, source } = fleet();
    const rates = {
      ...source.table,
      asOf: clock.now() - 604_800_001,
      confirmedAt: clock.now(),
      freshUntil: clock.now() + 20_000,
    };
    await cache.put({ sourceId: source.id, etag: '"v1"', rates }, 60_000);

    expect((await join().latest()).asOf).toBe(source.asOf);
  });
});
