import type { LimitPolicyStore, LimitStore } from '../../ports/limits.ts';
import { limitNotFound } from './errors.ts';
import { assertKey } from './key.ts';
import { standing } from './take.ts';

export interface KeyStanding {
  readonly remaining: number;
  /** After how many whole seconds all is there again, if nothing is taken. */
  readonly resetSeconds: number;
}

export class ReadKey {
  constructor(
    private readonly policies: LimitPolicyStore,
    private readonly store: LimitStore,
  ) {}

  /**
   * What a key of a policy has now. One that nobody has taken from has everything.
   *
   * @throws DomainError `LIMITS_NOT_FOUND`, `INVALID_REQUEST`, `STORE_UNAVAILABLE`
   */
  async execute(policyId: string, key: string): Promise<KeyStanding> {
    assertKey(key);
    const policy = await this.policies.get(policyId);
    if (!policy) throw limitNotFound(policyId);
    const { state, at } = await this.store.read({ policyId, key });
    const { remaining, resetMs } = standing(state, policy, at);
    return { remaining, resetSeconds: Math.ceil(resetMs / 1_000) };
  }
}
