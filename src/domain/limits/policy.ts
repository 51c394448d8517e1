import { type FieldIssue, invalidRequest } from '../shared/domain-error.ts';
import { fillMs, LAST_TIME, type Rate, scaleOf, unitsAt } from './units.ts';

export type { Rate } from './units.ts';

export type QuotaPeriod = 'hour' | 'day' | 'month';

/** So many requests in each hour, day or month of UTC. */
export interface Quota {
  readonly requests: number;
  readonly per: QuotaPeriod;
}

/** What is limited. One at least of `rate` and `quota` is there. */
export interface Limit {
  /**
   * Epoch ms of the last change, later than that of each change before: of two processes that know different versions of a
   * policy, the one with the older one finds out.
   */
  readonly version: number;
  readonly rate?: Rate;
  readonly quota?: Quota;
}

/** `shadow`: nothing is refused, and the answer says what would have been. */
export type LimitMode = 'enforce' | 'shadow';

/** `exact`: every take is one in the store. `leased`: a process takes several at once; cheaper, and never above the limit. */
export type LimitAccuracy = 'exact' | 'leased';

/** What a take is answered with while the store is away: allowed, refused with 503, or by this process's share of the limit. */
export type OnStoreFailure = 'open' | 'closed' | 'local';

export interface LimitSettings {
  readonly rate?: Rate;
  readonly quota?: Quota;
  readonly mode: LimitMode;
  readonly accuracy: LimitAccuracy;
  readonly onStoreFailure: OnStoreFailure;
}

export interface LimitPolicy extends LimitSettings, Limit {
  readonly policyId: string;
  /** How often a key of the policy was reset: what is remembered of keys from before does not hold any more. */
  readonly resets: number;
}

/** What a caller may say of a policy. */
export type LimitDraft = Partial<LimitSettings>;

const MAX_REQUESTS = 1_000_000;
const MAX_PER_SECONDS = 86_400;
/** A year. */
const MAX_FILL_MS = 31_536_000_000;

/**
 * The settings of a policy, with defaults for what is not said.
 *
 * @throws DomainError `INVALID_REQUEST`
 */
export function limitSettings({ rate, quota, ...draft }: LimitDraft): LimitSettings {
  const issues: FieldIssue[] = [];
  if (!rate && !quota) issues.push({ path: 'rate', message: 'is needed, or a quota' });
  if (rate) issues.push(...rateIssues(rate));
  if (quota) issues.push(...wholeIssues('quota.requests', quota.requests, MAX_REQUESTS));
  if (issues.length > 0) throw invalidRequest(...issues);
  return {
    ...(rate && { rate: { requests: rate.requests, perSeconds: rate.perSeconds, burst: rate.burst } }),
    ...(quota && { quota: { requests: quota.requests, per: quota.per } }),
    mode: draft.mode ?? 'enforce',
    accuracy: draft.accuracy ?? 'exact',
    onStoreFailure: draft.onStoreFailure ?? 'local',
  };
}

/** What is wrong with a rate, by its field. */
export function rateIssues(rate: Rate): FieldIssue[] {
  const issues = [
    ...wholeIssues('rate.requests', rate.requests, MAX_REQUESTS),
    ...wholeIssues('rate.perSeconds', rate.perSeconds, MAX_PER_SECONDS),
    ...wholeIssues('rate.burst', rate.burst, MAX_REQUESTS),
  ];
  if (issues.length > 0) return issues;
  if (fillMs(rate) > MAX_FILL_MS)
    return [{ path: 'rate.burst', message: 'takes more than a year to be there again at this rate' }];
  const { unitsPerRequest } = scaleOf(rate);
  if (unitsAt(LAST_TIME, rate) + rate.burst * unitsPerRequest > Number.MAX_SAFE_INTEGER)
    return [
      {
        path: 'rate.requests',
        message: 'cannot be counted exactly with this perSeconds: choose a rounder number, such as a multiple of 100',
      },
    ];
  return [];
}

const wholeIssues = (path: string, value: number, max: number): FieldIssue[] =>
  Number.isInteger(value) && value >= 1 && value <= max
    ? []
    : [{ path, message: `must be a whole number, 1 to ${max}` }];

/** The most that one take may cost: what passes at once when all is there. */
export const maxCost = ({ rate, quota }: Pick<Limit, 'rate' | 'quota'>): number =>
  Math.min(rate?.burst ?? Number.POSITIVE_INFINITY, quota?.requests ?? Number.POSITIVE_INFINITY);

/**
 * The part of a limit that one of so many processes may give out by itself, at least one take at a time.
 *
 * @param processes 1 or more
 * @param cost of the take
 */
export const shareOf = ({ version, rate, quota }: Limit, processes: number, cost = 1): Limit => ({
  version,
  ...(rate && {
    rate: {
      requests: rate.requests,
      perSeconds: rate.perSeconds * processes,
      burst: Math.max(cost, Math.floor(rate.burst / processes)),
    },
  }),
  ...(quota && { quota: { per: quota.per, requests: Math.max(cost, Math.floor(quota.requests / processes)) } }),
});
