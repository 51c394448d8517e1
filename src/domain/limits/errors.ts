import { DomainError } from '../shared/domain-error.ts';

export const limitNotFound = (policyId: string): DomainError =>
  new DomainError('LIMITS_NOT_FOUND', `There is no limit "${policyId}". It begins with PUT /limits/${policyId}.`);

/** So much is asked of one key at once that the store is not asked any more for it: nothing was taken, and the store is there. */
export class LimitBusy extends DomainError {
  /** @param reason for the log */
  constructor(reason: string, cause?: unknown) {
    super(
      'STORE_UNAVAILABLE',
      'So much is asked of this key at once that not all can be answered. Send the same request again.',
      {
        cause: new Error(reason, { cause }),
        retryAfterSeconds: 1,
      },
    );
  }
}

const POLICY_OUTDATED = 'LIMITS_POLICY_OUTDATED';

/** Never reaches a caller: whoever catches it reads the policy again. */
export class PolicyOutdated extends DomainError {
  /** @param version that is newer than the one by which a take was tried */
  constructor(readonly version: number) {
    super(POLICY_OUTDATED, 'Another process has taken by a newer version of this limit. Send the same request again.');
  }
}
