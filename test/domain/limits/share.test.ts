import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GuardedLimitStore } from '../../../src/adapters/caching/guarded-limit-store.ts';
import { MemoryLimitCounts } from '../../../src/adapters/memory/limit-counts.ts';
import { MemoryLimitStore } from '../../../src/adapters/memory/limit-store.ts';
import { LimitBusy } from '../../../src/domain/limits/errors.ts';
import { Limiter } from '../../../src/domain/limits/limiter.ts';
import { rateIssues } from '../../../src/domain/limits/policy.ts';
import { storeUnavailable } from '../../../src/domain/shared/domain-error.ts';
import type { LimitStore } from '../../../src/ports/limits.ts';
import { FakeClock } from '../../helpers/fakes.ts';

const settings = { mode: 'enforce', accuracy: 'exact', onStoreFailure: 'local' } as const;
const policy = { policyId: 'p', version: 1, ...settings };

const failing = (error: Error): LimitStore => ({
  take: () => Promise.reject(error),
  read: () => Promise.reject(error),
  reset: () => Promise.reject(error),
});

/** Processes without a store, of which each knows of so many. */
function processes(count: number, error: Error = storeUnavailable()) {
  const clock = new FakeClock();
  const known = { processes: count };
  const counts = Object.assign(new MemoryLimitCounts(), { processes: () => known.processes });
  const limiters = Array.from(
    { length: count },
    () => new Limiter(failing(error), new MemoryLimitStore(clock), counts),
  );
  return { clock, known, counts, limiters };
}

const rates = fc
  .record({
    requests: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constantFrom(300, 1_500, 3_000)),
    perSeconds: fc.integer({ min: 1, max: 10 }),
    burst: fc.integer({ min: 1, max: 600 }),
  })
  .filter((rate) => rateIssues(rate).length === 0);
const steps = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })),
    process: fc.nat(),
    cost: fc.integer({ min: 1, max: 600 }),
    /** How many processes more are thought to take than do. */
    more: fc.integer({ min: 0, max: 6 }),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('the shares of processes, while they know of more or fewer of them,', () => {
  it('are together no more than the limit, but for one take of each', async () => {
    await fc.assert(
      fc.asyncProperty(rates, fc.integer({ min: 1, max: 6 }), steps, async (rate, count, schedule) => {
        const { clock, known, limiters } = processes(count);
        let [passed, waited, dearest] = [0, 0, 1];
        for (const { waitMs, process, cost: wanted, more } of schedule) {
          clock.advance(waitMs);
          waited += waitMs;
          known.processes = count + more;
          const cost = Math.min(wanted, rate.burst);
          const limiter = limiters[process % count] as Limiter;
          const { allowed } = await limiter.take({ ...policy, rate }, { key: 'k', cost });
          if (!allowed) continue;
          passed += cost;
          dearest = Math.max(dearest, cost);
          const most = rate.burst + (rate.requests * waited) / (rate.perSeconds * 1_000);
          // The floor of one take counts for each process that is thought to be there.
          expect(passed).toBeLessThanOrEqual(most + (count + 6) * dearest + 1e-6);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('let nobody wait longer than for all that a process has given out', async () => {
    await fc.assert(
      fc.asyncProperty(rates, steps, async (rate, schedule) => {
        const { clock, known, limiters } = processes(1);
        for (const { waitMs, cost: wanted, more } of schedule) {
          clock.advance(waitMs);
          known.processes = 1 + more;
          const cost = Math.min(wanted, rate.burst);
          const { retryAfterMs = 0 } = await (limiters[0] as Limiter).take({ ...policy, rate }, { key: 'k', cost });
          // Full within the time of a whole burst at the slowest share; the cost of one more take comes on top.
          const perRequestMs = (7 * rate.perSeconds * 1_000) / rate.requests;
          expect(retryAfterMs).toBeLessThanOrEqual(2 * rate.burst * perRequestMs + schedule.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('stay used up when there are fewer, and are not years away when there are more', async () => {
    const rate = { requests: 300, perSeconds: 1, burst: 600 };
    const { known, limiters } = processes(1);
    const take = (cost: number) => (limiters[0] as Limiter).take({ ...policy, rate }, { key: 'k', cost });
    expect(await take(600)).toMatchObject({ allowed: true });
    known.processes = 3;
    expect(await take(1)).toMatchObject({ allowed: false, retryAfterMs: 10 });
    known.processes = 1;
    expect(await take(1)).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 4 });
  });

  it('charge a take above the share whole, of the rate and of the quota', async () => {
    const { clock, limiters } = processes(10);
    const limited = { ...policy, rate: { requests: 1, perSeconds: 1, burst: 100 } };
    let passed = 0;
    for (let second = 0; second < 1_000; second++) {
      for (const limiter of limiters) if ((await limiter.take(limited, { key: 'k', cost: 100 })).allowed) passed += 100;
      clock.advance(1_000);
    }
    expect(passed).toBe(1_000);
    clock.advance(1_000);
    const quota = { ...policy, policyId: 'q', quota: { requests: 100, per: 'month' as const } };
    expect(await limiters[0]?.take(quota, { key: 'k', cost: 50 })).toMatchObject({ allowed: true, remaining: 0 });
    expect(await limiters[0]?.take(quota, { key: 'k', cost: 1 })).toMatchObject({ allowed: false, remaining: 0 });
  });
});

describe('a key that is busy', () => {
  it('does not keep other keys from the store, nor from finding out that it is there again', async () => {
    const clock = new FakeClock();
    const memory = new MemoryLimitStore(clock);
    let error: Error | undefined;
    const take: LimitStore['take'] = (request) => {
      if (request.key === 'busy') return Promise.reject(new LimitBusy('test'));
      return error ? Promise.reject(error) : memory.take(request);
    };
    const guarded = new GuardedLimitStore({ ...failing(storeUnavailable()), take }, () => clock.now());
    const rate = { requests: 1, perSeconds: 60, burst: 50 };
    const request = (key: string) =>
      ({ policyId: 'p', key, limit: { version: 1, rate }, accuracy: 'exact', cost: 1 }) as const;
    const isAllowed = (key: string) =>
      guarded.take(request(key)).then(
        ({ decision }) => decision.allowed,
        () => false,
      );
    for (let count = 0; count < 20; count++) expect(await isAllowed('busy')).toBe(false);
    expect(await isAllowed('k')).toBe(true);
    error = storeUnavailable();
    for (let count = 0; count < 5; count++) await isAllowed('k');
    error = undefined;
    expect(await isAllowed('k')).toBe(false);
    clock.advance(1_000);
    expect(await isAllowed('busy')).toBe(false);
    expect(await isAllowed('k')).toBe(true);
  });

  it('gets its share, whatever else is open while the store is away', async () => {
    const { limiters } = processes(1, new LimitBusy('test'));
    const limited = { ...policy, onStoreFailure: 'open' as const, rate: { requests: 1, perSeconds: 60, burst: 2 } };
    const takes = Array.from({ length: 9 }, () => (limiters[0] as Limiter).take(limited, { key: 'k', cost: 1 }));
    expect((await Promise.all(takes)).filter(({ allowed }) => allowed)).toHaveLength(2);
  });
});

describe('a limit of the service itself', () => {
  it('is not counted among the policies, and makes its process known', async () => {
    const { limiters, counts } = processes(1);
    let isPresent = false;
    counts.bePresent = () => {
      isPresent = true;
    };
    const limited = { ...policy, rate: { requests: 1, perSeconds: 60, burst: 2 } };
    await limiters[0]?.take({ ...limited, isOwn: true }, { key: 'k', cost: 1 });
    expect(isPresent).toBe(true);
    expect((await counts.read(['p'])).get('p')).toEqual({ allowed: 0, refused: 0, degraded: 0 });
  });
});
