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
    const [policy, counts] = await Promise.all([this.policies.get(policyId), this.counts.read([policyId])]);
    if (!policy) throw limitNotFound(policyId);
    return { policy, counts: counts.get(policyId) ?? noTakes };
  }

  /** What became of the takes of a policy that is known. @throws DomainError `STORE_UNAVAILABLE` */
  async counted(policy: LimitPolicy): Promise<CountedPolicy> {
    const counts = await this.counts.read([policy.policyId]);
    return { policy, counts: counts.get(policy.policyId) ?? noTakes };
  }
}
