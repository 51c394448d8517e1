import type { Precondition } from '../shared/precondition.ts';
import { changePolicy, type PolicyChanged, type PolicyChanging } from './change-policy.ts';
import { policyNotFound } from './errors.ts';
import type { Policy } from './policy.ts';
import { assertSubject } from './subject.ts';

export class DeletePolicy {
  constructor(private readonly changing: PolicyChanging) {}

  /**
   * @param precondition what must hold of the policy, or it stays
   * @returns the policy that was there
   * @throws DomainError `INVALID_REQUEST` for what is no subject, `ACCESS_POLICY_NOT_FOUND`, `PRECONDITION_FAILED`,
   * `STORE_UNAVAILABLE`; never `ACCESS_LOCKOUT`, since a key without a policy may do everything
   */
  async execute(
    subject: string,
    precondition: Precondition<Policy> = () => true,
  ): Promise<PolicyChanged & { readonly before: Policy }> {
    assertSubject(subject, 'subject');
    const changed = await changePolicy(
      this.changing,
      subject,
      () => undefined,
      (policy) => {
        if (!policy) throw policyNotFound(subject);
        return precondition(policy);
      },
    );
    return { ...changed, before: changed.before as Policy };
  }
}
