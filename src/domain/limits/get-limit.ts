import type { LimitCounts, LimitPolicyStore, TakeCounts } from '../../ports/limits.ts';
import { limitNotFound } from './errors.ts';
import type { LimitPolicy } from './policy.ts';

/** A policy with what became of its takes. */
export interface CountedPolicy {
  readonly policy: LimitPolicy;
  readonly counts: TakeCounts;
}

export const noTakes: TakeCounts = { allowed: 0, refused: 0, degraded: 0 };

export class GetLimit {
  constructor(
    private readonly policies: LimitPolicyStore,
    private readonly counts: LimitCounts,
  ) {}

  /**
   * A policy, with the takes that all processes have counted until some seconds ago.
   *
   * @throws DomainError `LIMITS_NOT_FOUND`, `STORE_UNAVAILABLE`
   */
  async execute(policyId: string): Promise<CountedPolicy> {
    const [policy, counts] = await Promise.all([this.policies.get(policyId), this.countsOf(policyId)]);
    if (!policy) throw limitNotFound(policyId);
    return { policy, counts };
  }

  /** What became of the takes of a policy, whether or not there is one. @throws DomainError `STORE_UNAVAILABLE` */
  async countsOf(policyId: string): Promise<TakeCounts> {
    return (await this.counts.read([policyId])).get(policyId) ?? noTakes;
  }
}
