import type { LimitCounts, LimitPolicyStore, PolicyChanged } from '../../ports/limits.ts';
import type { Clock } from '../../ports/system.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { type LimitDraft, type LimitPolicy, limitSettings } from './policy.ts';

export class PutLimit {
  constructor(
    private readonly policies: LimitPolicyStore,
    private readonly clock: Clock,
    private readonly counts: LimitCounts,
  ) {}

  /**
   * Replaces all settings of a policy, which may be new. In force in every process within a second.
   *
   * @param precondition what must hold of the policy that is there, or nothing is replaced
   * @returns the policy as it is now, and as it was before if it was there
   * @throws DomainError `INVALID_REQUEST`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
   */
  async execute(
    policyId: string,
    draft: LimitDraft,
    precondition: Precondition<LimitPolicy> = () => true,
  ): Promise<PolicyChanged> {
    const settings = limitSettings(draft);
    return changeIf(
      precondition,
      () => this.policies.get(policyId),
      async (before) => {
        // An earlier policy of this id may have left its counts. Before the change, which cannot fail halfway then.
        if (!before) await this.counts.remove(policyId);
        const policy = await this.policies.replace(policyId, before, settings, this.clock.now());
        return policy && { policy, before };
      },
    );
  }
}
