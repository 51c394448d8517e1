import type { LimitPolicyStore, LimitStore } from '../../ports/limits.ts';
import { limitNotFound } from './errors.ts';
import { assertKey } from './key.ts';

export class ResetKey {
  constructor(
    private readonly policies: LimitPolicyStore,
    private readonly store: LimitStore,
  ) {}

  /**
   * Gives a key of a policy everything back. Processes that remember a refusal forget it within a second.
   *
   * @throws DomainError `LIMITS_NOT_FOUND`, `INVALID_REQUEST`, `STORE_UNAVAILABLE`; may be repeated
   */
  async execute(policyId: string, key: string): Promise<void> {
    assertKey(key);
    const policy = await this.policies.get(policyId);
    if (!policy) throw limitNotFound(policyId);
    await this.store.reset({ policyId, key });
    // After the reset: what a process remembers from then on is of the key as it is now.
    await this.policies.noteReset(policyId);
  }
}
