import type { Policy, PolicySet } from '../domain/access/policy.ts';

/** All policies. Reads are consistent; every method settles within 2 s. */
export interface PolicyStore {
  /** @throws DomainError `STORE_UNAVAILABLE` */
  get(subject: string): Promise<Policy | undefined>;

  /**
   * The version of the policies: that of every change that ended before the call, or of a later one.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  version(): Promise<number>;

  /**
   * All policies as they were between two changes, with every change that ended before the call.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  read(): Promise<PolicySet>;

  /**
   * Puts or removes the policy of one subject, but only while nothing has changed since `seen`. It becomes version
   * `seen.version + 1`.
   *
   * @param policy undefined to remove it
   * @returns whether nothing had changed
   * @throws DomainError `STORE_UNAVAILABLE`; the change may have been made
   */
  change(seen: PolicySet, subject: string, policy: Policy | undefined): Promise<boolean>;

  /**
   * Corrects the `effectiveBy` of a policy, unless it has been put anew or removed.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  postpone(policy: Policy): Promise<void>;
}
