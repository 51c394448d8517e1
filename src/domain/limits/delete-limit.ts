import type { LimitPolicyStore } from '../../ports/limits.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { limitNotFound } from './errors.ts';
import type { LimitPolicy } from './policy.ts';

export class DeleteLimit {
  constructor(private readonly policies: LimitPolicyStore) {}

  /**
   * Ends a policy, in every process within a second. What its keys have taken stays until it would be there again, so that
   * a policy of the same id goes on from there; only the counts begin anew.
   *
   * @param precondition what must hold of the policy, or it stays
   * @returns the policy that was there
   * @throws DomainError `LIMITS_NOT_FOUND`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
   */
  async execute(policyId: string, precondition: Precondition<LimitPolicy> = () => true): Promise<LimitPolicy> {
    return changeIf(
      precondition,
      () => this.existing(policyId),
      async (seen) => (seen && (await this.policies.delete(seen)) ? seen : undefined),
    );
  }

  private async existing(policyId: string): Promise<LimitPolicy> {
    const policy = await this.policies.get(policyId);
    if (!policy) throw limitNotFound(policyId);
    return policy;
  }
}
