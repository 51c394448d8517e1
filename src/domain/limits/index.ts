/** The limits context as others may use it: `portside/limits`. */
export { DeleteLimit } from './delete-limit.ts';
export { limitNotFound, PolicyOutdated } from './errors.ts';
export { type CountedPolicy, GetLimit } from './get-limit.ts';
export { type Limited, Limiter, type TakeAnswer, type TakeCommand } from './limiter.ts';
export { ListLimits } from './list-limits.ts';
export {
  type Limit,
  type LimitAccuracy,
  type LimitDraft,
  type LimitMode,
  type LimitPolicy,
  type LimitSettings,
  limitSettings,
  maxCost,
  type OnStoreFailure,
  type Quota,
  type QuotaPeriod,
  type Rate,
  shareOf,
} from './policy.ts';
export { PutLimit } from './put-limit.ts';
export { type KeyStanding, ReadKey } from './read-key.ts';
export { ResetKey } from './reset-key.ts';
export {
  type Decision,
  fullAt,
  type LimitState,
  type Standing,
  standing,
  type Take,
  take,
  type Violated,
} from './take.ts';
export { TakeFromLimit, type TakeFromLimitCommand, type TakeFromLimitResult } from './take-from-limit.ts';
