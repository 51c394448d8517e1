import type { Limit, Quota, QuotaPeriod } from './policy.ts';
import { ceilDivide, EPOCH, floorDivide, scaleOf, unitsAt } from './units.ts';

/** What is kept of a key. One that is not kept has everything. */
export interface LimitState {
  /** The version of the limit by which it was written last. */
  readonly version: number;
  /** In how many units a millisecond is counted in `tat`. */
  readonly unitsPerMs: number;
  /** The theoretical arrival time (TAT): when the bucket is full again, in units since `EPOCH`. */
  readonly tat: number;
  readonly per: QuotaPeriod;
  /** Begin of the quota's period, epoch ms. */
  readonly periodStart: number;
  /** What was taken in that period. */
  readonly used: number;
}

export type Violated = 'rate' | 'quota';

export interface Standing {
  /** What passes now, if nobody else takes. */
  readonly remaining: number;
  /** After how long all is there again if nothing is taken, ms. */
  readonly resetMs: number;
}

export interface Decision extends Standing {
  readonly allowed: boolean;
  /** Of a refusal: the time before which nothing of this cost passes, whatever others do, epoch ms. */
  readonly retryAt?: number;
  /** Of a refusal: what refuses, and if both do, the one that does so longer. */
  readonly violated?: Violated;
}

export interface Take {
  readonly decision: Decision;
  /** What is to be kept. Of a refusal, it differs from what was there only by what a newer version of the limit makes of it. */
  readonly state: LimitState;
}

/** The state of a key that has everything. */
const fullState = (version: number): LimitState => ({
  version,
  unitsPerMs: 1,
  tat: 0,
  per: 'hour',
  periodStart: 0,
  used: 0,
});

/**
 * Takes from a limit: by the generic cell rate algorithm (GCRA), which is a token bucket of which only the time is kept when
 * it will be full, and by a count for each period of the quota. From both, or from neither.
 *
 * @param kept undefined for a key of which nothing is kept; of a version that is not newer than the limit's
 * @param cost a whole number, 1 to `maxCost`
 * @param now epoch ms
 */
export function take(kept: LimitState | undefined, limit: Limit, cost: number, now: number): Take {
  const state = adapted(kept, limit, now);
  const rate = limit.rate && takeFromRate(state, limit.rate, cost, now);
  const quota = limit.quota && takeFromQuota(state, limit.quota, cost, now);
  const allowed = rate?.retryAt === undefined && quota?.retryAt === undefined;
  if (allowed) {
    const taken = { ...state, ...rate?.taken, ...quota?.taken };
    return { state: taken, decision: { allowed, ...standing(taken, limit, now) } };
  }
  const [rateRetryAt, quotaRetryAt] = [rate?.retryAt ?? 0, quota?.retryAt ?? 0];
  const violated = quotaRetryAt > rateRetryAt ? 'quota' : 'rate';
  const retryAt = Math.max(rateRetryAt, quotaRetryAt);
  return { state, decision: { allowed, ...standing(state, limit, now), retryAt, violated } };
}

/** What a key has. */
export function standing(kept: LimitState | undefined, limit: Limit, now: number): Standing {
  const state = adapted(kept, limit, now);
  const { rate, quota } = limit;
  const left: number[] = [];
  let resetMs = 0;
  if (rate) {
    const { unitsPerMs, unitsPerRequest } = scaleOf(rate);
    const owed = Math.max(0, state.tat - unitsAt(now, rate));
    left.push(floorDivide(rate.burst * unitsPerRequest - owed, unitsPerRequest));
    resetMs = ceilDivide(owed, unitsPerMs);
  }
  if (quota) {
    const { used, periodStart } = periodAt(state, quota, now);
    left.push(quota.requests - used);
    if (used > 0) resetMs = Math.max(resetMs, periodEnd(quota.per, periodStart) - now);
  }
  return { remaining: Math.max(0, Math.min(...left)), resetMs };
}

/** When a state is no different from none any more, epoch ms. */
export function fullAt({ unitsPerMs, tat, per, periodStart, used }: LimitState): number {
  const bucketFullAt = EPOCH + ceilDivide(tat, unitsPerMs);
  return used > 0 ? Math.max(bucketFullAt, periodEnd(per, periodStart)) : bucketFullAt;
}

/**
 * What a newer version of a limit makes of a state: the bucket is full again when it would have been, or, if the new rate
 * fills it sooner, as if it were empty now. What was used of a quota stays used while its period is of the same kind.
 *
 * The version alone does not tell that nothing is to be done: the share of a process has its limit's version, and other units
 * whenever the number of processes changes. It is full again when it would have been, too.
 */
function adapted(kept: LimitState | undefined, limit: Limit, now: number): LimitState {
  if (kept?.version === limit.version) return inUnitsOf(kept, limit);
  const full = fullState(limit.version);
  const { rate, quota } = limit;
  return {
    ...full,
    ...(rate && { unitsPerMs: scaleOf(rate).unitsPerMs, tat: kept ? tatUnder(kept, limit, now) : 0 }),
    ...(quota && { per: quota.per }),
    ...(kept && quota?.per === kept.per && { periodStart: kept.periodStart, used: kept.used }),
  };
}

function inUnitsOf(kept: LimitState, { rate }: Limit): LimitState {
  const unitsPerMs = rate ? scaleOf(rate).unitsPerMs : kept.unitsPerMs;
  if (unitsPerMs === kept.unitsPerMs) return kept;
  return { ...kept, unitsPerMs, tat: ceilDivide(kept.tat, kept.unitsPerMs) * unitsPerMs };
}

function tatUnder({ unitsPerMs, tat }: LimitState, { rate }: Limit, now: number): number {
  if (!rate) return 0;
  const scale = scaleOf(rate);
  const sameTime = ceilDivide(tat, unitsPerMs) * scale.unitsPerMs;
  return Math.min(sameTime, unitsAt(now, rate) + rate.burst * scale.unitsPerRequest);
}

function takeFromRate(
  { tat }: LimitState,
  rate: NonNullable<Limit['rate']>,
  cost: number,
  now: number,
): { readonly retryAt?: number; readonly taken?: Partial<LimitState> } {
  const { unitsPerMs, unitsPerRequest } = scaleOf(rate);
  const nowUnits = unitsAt(now, rate);
  const next = Math.max(tat, nowUnits) + cost * unitsPerRequest;
  const latest = nowUnits + rate.burst * unitsPerRequest;
  if (next > latest) return { retryAt: now + ceilDivide(next - latest, unitsPerMs) };
  return { taken: { tat: next, unitsPerMs } };
}

function takeFromQuota(
  state: LimitState,
  quota: Quota,
  cost: number,
  now: number,
): { readonly retryAt?: number; readonly taken?: Partial<LimitState> } {
  const { periodStart, used } = periodAt(state, quota, now);
  if (used + cost > quota.requests) return { retryAt: periodEnd(quota.per, periodStart) };
  return { taken: { per: quota.per, periodStart, used: used + cost } };
}

/** The period that counts: that of now, or a later one in which somebody took whose clock is ahead. */
function periodAt(
  state: LimitState,
  { per }: Quota,
  now: number,
): { readonly periodStart: number; readonly used: number } {
  const start = periodStart(per, now);
  return start > state.periodStart || per !== state.per ? { periodStart: start, used: 0 } : state;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The begin of the period in UTC that a time is in. Both epoch ms. */
export function periodStart(per: QuotaPeriod, time: number): number {
  if (per === 'hour') return time - (((time % HOUR_MS) + HOUR_MS) % HOUR_MS);
  if (per === 'day') return time - (((time % DAY_MS) + DAY_MS) % DAY_MS);
  const day = new Date(time);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth());
}

/** The end of the period in UTC that a time is in, which is the begin of the next. Both epoch ms. */
export function periodEnd(per: QuotaPeriod, time: number): number {
  if (per === 'hour') return periodStart(per, time) + HOUR_MS;
  if (per === 'day') return periodStart(per, time) + DAY_MS;
  const day = new Date(time);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1);
}
