import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Limit, maxCost, type Quota, type Rate, rateIssues } from '../../../src/domain/limits/policy.ts';
import {
  type Decision,
  fullAt,
  type LimitState,
  periodEnd,
  periodStart,
  take,
} from '../../../src/domain/limits/take.ts';
import { seededRandom } from '../../helpers/fakes.ts';

const NOW = Date.UTC(2026, 10, 30, 12);

const rates = fc
  .record({
    requests: fc.integer({ min: 1, max: 500 }),
    perSeconds: fc.integer({ min: 1, max: 60 }),
    burst: fc.integer({ min: 1, max: 40 }),
  })
  .filter((rate) => rateIssues(rate).length === 0);
const quotas = fc.record<Quota>({
  requests: fc.integer({ min: 1, max: 60 }),
  per: fc.constantFrom('hour', 'day', 'month'),
});
const limits: fc.Arbitrary<Limit> = fc.oneof(
  rates.map((rate) => ({ version: 1, rate })),
  quotas.map((quota) => ({ version: 1, quota })),
  fc.record({ version: fc.constant(1), rate: rates, quota: quotas }),
);
const steps = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5_000 })),
    cost: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 1, maxLength: 80 },
);

/** Takes one after another, and gives back what was decided. */
function run(limit: Limit, schedule: readonly { readonly waitMs: number; readonly cost: number }[]) {
  let state: LimitState | undefined;
  let now = NOW;
  return schedule.map(({ waitMs, cost: wanted }) => {
    now += waitMs;
    const cost = Math.min(wanted, maxCost(limit));
    const taken = take(state, limit, cost, now);
    const before = state;
    state = taken.state;
    return { now, cost, before, after: state, decision: taken.decision };
  });
}

/** A token bucket in rational numbers, `tokens` of which are counted in 1 / `perSeconds * 1000`. */
class TokenBucket {
  private tokens: bigint;
  private at = NOW;
  private readonly one: bigint;
  private readonly most: bigint;

  constructor(private readonly rate: Rate) {
    this.one = BigInt(rate.perSeconds) * 1_000n;
    this.most = BigInt(rate.burst) * this.one;
    this.tokens = this.most;
  }

  take(cost: number, now: number): boolean {
    const refilled = this.tokens + BigInt(now - this.at) * BigInt(this.rate.requests);
    this.tokens = refilled < this.most ? refilled : this.most;
    this.at = now;
    const price = BigInt(cost) * this.one;
    if (this.tokens < price) return false;
    this.tokens -= price;
    return true;
  }

  get remaining(): number {
    return Number(this.tokens / this.one);
  }
}

describe('a take', () => {
  it('never lets more pass than the burst and the rate, in any interval', () => {
    fc.assert(
      fc.property(rates, steps, (rate, schedule) => {
        const passed = run({ version: 1, rate }, schedule).filter(({ decision }) => decision.allowed);
        for (const [index, { now: from }] of passed.entries()) {
          let cost = 0;
          for (const { now, cost: one } of passed.slice(index)) {
            cost += one;
            expect(cost * rate.perSeconds * 1_000).toBeLessThanOrEqual(
              rate.burst * rate.perSeconds * 1_000 + rate.requests * (now - from),
            );
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('decides as a token bucket in rational numbers does, in 300,000 steps', () => {
    const random = seededRandom(7);
    const within = (most: number) => 1 + Math.floor(random.next() * most);
    for (let rates = 0; rates < 300; rates++) {
      const rate = { requests: within(700), perSeconds: within(90), burst: within(30) };
      if (rateIssues(rate).length > 0) continue;
      const limit = { version: 1, rate };
      const bucket = new TokenBucket(rate);
      const typicalWait = (rate.perSeconds * 2_000) / rate.requests;
      let state: LimitState | undefined;
      let now = NOW;
      for (let step = 0; step < 1_000; step++) {
        now += Math.floor(random.next() ** 3 * 3 * typicalWait);
        const cost = Math.min(rate.burst, within(3));
        const taken = take(state, limit, cost, now);
        state = taken.state;
        if (taken.decision.allowed !== bucket.take(cost, now) || taken.decision.remaining !== bucket.remaining)
          throw new Error(`differs at step ${step} of ${JSON.stringify(rate)}`);
      }
    }
  });

  it('gives who takes alone, as soon as told, the whole rate', () => {
    fc.assert(
      // A burst of 1 is full as soon as it is told: what comes in during the rest of that millisecond is lost.
      fc.property(
        rates.filter(({ burst }) => burst > 1),
        (rate) => {
          const limit = { version: 1, rate };
          let state: LimitState | undefined;
          let [now, passed, lastAt] = [NOW, 0, NOW];
          for (let step = 0; step < 200; step++) {
            const taken = take(state, limit, 1, now);
            state = taken.state;
            if (taken.decision.allowed) [passed, lastAt] = [passed + 1, now];
            else now = taken.decision.retryAt as number;
          }
          const mayPass = (ms: number) => rate.burst + Math.floor((rate.requests * ms) / (rate.perSeconds * 1_000));
          expect(passed).toBeGreaterThanOrEqual(mayPass(lastAt - NOW));
        },
      ),
    );
  });

  it('says a time before which nothing passes, and at which it does if nobody else took', () => {
    fc.assert(
      fc.property(limits, steps, (limit, schedule) => {
        for (const { after, cost, decision } of run(limit, schedule)) {
          if (decision.allowed) continue;
          const retryAt = decision.retryAt as number;
          expect(take(after, limit, cost, retryAt - 1).decision.allowed).toBe(false);
          expect(take(after, limit, cost, retryAt).decision.allowed).toBe(true);
        }
      }),
    );
  });

  it('keeps to a told time whatever others take until then', () => {
    fc.assert(
      fc.property(limits, steps, steps, (limit, schedule, others) => {
        const told = run(limit, schedule).find(({ decision }) => !decision.allowed);
        if (!told) return;
        let [state, now] = [told.after, told.now];
        for (const { waitMs, cost } of others) {
          now += waitMs;
          if (now >= (told.decision.retryAt as number)) break;
          expect(take(state, limit, told.cost, now).decision.allowed).toBe(false);
          state = take(state, limit, Math.min(cost, maxCost(limit)), now).state;
        }
      }),
    );
  });

  it('tells what remains: that many pass now, and no more; and after the time told all is there again', () => {
    fc.assert(
      fc.property(limits, steps, (limit, schedule) => {
        for (const { now, after, decision } of run(limit, schedule)) {
          let state: LimitState | undefined = after;
          let passed = 0;
          for (; passed <= 100; passed++) {
            const next = take(state, limit, 1, now);
            if (!next.decision.allowed) break;
            state = next.state;
          }
          expect(passed).toBe(decision.remaining);
          const later = take(after, limit, maxCost(limit), now + Math.ceil(decision.resetMs / 1_000) * 1_000);
          expect(later.decision.allowed).toBe(true);
        }
      }),
    );
  });

  it('takes from rate and quota, or from neither', () => {
    const both = fc.record({ version: fc.constant(1), rate: rates, quota: quotas });
    fc.assert(
      fc.property(both, steps, (limit, schedule) => {
        let quotaLeft = limit.quota.requests;
        const bucket = new TokenBucket(limit.rate);
        let period = periodStart(limit.quota.per, NOW);
        for (const { now, cost, before, after, decision } of run(limit, schedule)) {
          const start = periodStart(limit.quota.per, now);
          if (start > period) [period, quotaLeft] = [start, limit.quota.requests];
          const fits = cost <= quotaLeft;
          expect(decision.allowed).toBe(fits && bucket.take(cost, now));
          if (decision.allowed) quotaLeft -= cost;
          else if (before) expect(after).toEqual(before);
          if (!decision.allowed && !fits && decision.violated === 'rate')
            expect(decision.retryAt).toBeGreaterThanOrEqual(periodEnd(limit.quota.per, now));
        }
      }),
    );
  });

  it('answers the same whether or not what is full again is forgotten', () => {
    fc.assert(
      fc.property(limits, steps, (limit, schedule) => {
        const kept = run(limit, schedule);
        let state: LimitState | undefined;
        const forgetful: Decision[] = [];
        for (const { now, cost } of kept) {
          if (state && fullAt(state) <= now) state = undefined;
          const taken = take(state, limit, cost, now);
          state = taken.state;
          forgetful.push(taken.decision);
        }
        expect(forgetful).toEqual(kept.map(({ decision }) => decision));
      }),
    );
  });
});

describe('a change of a limit', () => {
  it('lets no more pass than the new burst and rate', () => {
    fc.assert(
      fc.property(rates, rates, steps, steps, (rate, nextRate, schedule, later) => {
        const before = run({ version: 1, rate }, schedule).at(-1);
        const limit = { version: 2, rate: nextRate };
        let [state, now] = [before?.after, before?.now ?? NOW];
        const changedAt = now;
        let cost = 0;
        for (const { waitMs, cost: wanted } of later) {
          now += waitMs;
          const one = Math.min(wanted, nextRate.burst);
          const taken = take(state, limit, one, now);
          state = taken.state;
          if (taken.decision.allowed) cost += one;
          expect(cost * nextRate.perSeconds * 1_000).toBeLessThanOrEqual(
            nextRate.burst * nextRate.perSeconds * 1_000 + nextRate.requests * (now - changedAt),
          );
        }
      }),
    );
  });

  it('does not let anybody wait longer than for a bucket that is empty under the new one', () => {
    const slow = { version: 1, rate: { requests: 1, perSeconds: 86_400, burst: 10 } };
    const { state } = take(undefined, slow, 10, NOW);
    const fast = { version: 2, rate: { requests: 10, perSeconds: 1, burst: 10 } };

    const first = take(state, fast, 1, NOW);
    expect(first.decision).toMatchObject({ allowed: false, remaining: 0, retryAt: NOW + 100 });
    expect(take(first.state, fast, 1, NOW + 100).decision.allowed).toBe(true);
  });

  it('keeps what was used of a quota of the same period, and begins anew with another', () => {
    const { state } = take(undefined, { version: 1, quota: { requests: 5, per: 'day' } }, 5, NOW);

    expect(take(state, { version: 2, quota: { requests: 7, per: 'day' } }, 1, NOW).decision.remaining).toBe(1);
    expect(take(state, { version: 2, quota: { requests: 5, per: 'hour' } }, 1, NOW).decision.remaining).toBe(4);
  });
});

describe('the periods of a quota', () => {
  it.each([
    ['hour', Date.UTC(2028, 1, 28)],
    ['day', Date.UTC(2027, 11, 25)],
    ['month', Date.UTC(2027, 10, 1)],
  ] as const)('of each %s follow one another without a gap, over leap day and the end of the year', (per, from) => {
    let start = periodStart(per, from);
    for (let count = 0; count < 200; count++) {
      const end = periodEnd(per, start);
      expect(end).toBeGreaterThan(start);
      for (const time of [start, start + 1, end - 1]) {
        expect(periodStart(per, time)).toBe(start);
        expect(periodEnd(per, time)).toBe(end);
      }
      expect(periodStart(per, end)).toBe(end);
      start = end;
    }
  });

  it('are those of UTC', () => {
    const leapDay = Date.UTC(2028, 1, 29, 23, 59, 59, 999);
    expect(periodStart('hour', leapDay)).toBe(Date.UTC(2028, 1, 29, 23));
    expect(periodEnd('day', leapDay)).toBe(Date.UTC(2028, 2, 1));
    expect(periodStart('month', leapDay)).toBe(Date.UTC(2028, 1, 1));
    expect(periodEnd('month', leapDay)).toBe(Date.UTC(2028, 2, 1));
    expect(periodEnd('month', Date.UTC(2027, 11, 31))).toBe(Date.UTC(2028, 0, 1));
  });

  it('go on in a later one where somebody took whose clock is ahead', () => {
    const limit: Limit = { version: 1, quota: { requests: 2, per: 'hour' } };
    const end = periodEnd('hour', NOW);
    const { state } = take(undefined, limit, 1, end + 50);

    const behind = take(state, limit, 1, end - 50);
    expect(behind.decision).toMatchObject({ allowed: true, remaining: 0 });
    expect(take(behind.state, limit, 1, end + 60).decision.allowed).toBe(false);
  });
});

describe('a rate', () => {
  it('is refused where its count could not be exact, and every other one is exact to the last year', () => {
    expect(rateIssues({ requests: 999_983, perSeconds: 3_600, burst: 1 })).toEqual([
      expect.objectContaining({ path: 'rate.requests' }),
    ]);
    expect(rateIssues({ requests: 1, perSeconds: 86_400, burst: 1_000_000 })).toEqual([
      expect.objectContaining({ path: 'rate.burst' }),
    ]);
    const any = fc.record({
      requests: fc.integer({ min: 1, max: 1_000_000 }),
      perSeconds: fc.integer({ min: 1, max: 86_400 }),
      burst: fc.integer({ min: 1, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(any, (rate) => {
        if (rateIssues(rate).length > 0) return;
        const at = Date.UTC(2074, 11, 31);
        const { state } = take(undefined, { version: 1, rate }, rate.burst, at);
        expect(Number.isSafeInteger(state.tat)).toBe(true);
      }),
    );
  });
});
