import type {
  KnownPolicies,
  LimitCounts,
  LimitPolicyStore,
  LimitStore,
  LocalLimitStore,
} from '../../../ports/limits.ts';
import type { Clock, Digest } from '../../../ports/system.ts';
import { token } from '../token.ts';

export const ports = {
  policies: token<LimitPolicyStore>('LimitPolicyStore'),
  known: token<KnownPolicies>('KnownPolicies'),
  /** What is kept of keys for all processes. */
  limits: token<LimitStore>('LimitStore'),
  /** Buckets of this process alone. */
  local: token<LocalLimitStore>('LocalLimitStore'),
  counts: token<LimitCounts>('LimitCounts'),
  /** The time by which the buckets of this process fill. */
  localClock: token<Clock>('LocalLimitsClock'),
  digest: token<Digest>('LimitsDigest'),
};
