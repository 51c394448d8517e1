import type { Policies } from '../domain/access/policies.ts';
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

/** The policies by which a process judges requests. */
export interface PoliciesInForce {
  /**
   * Those by which a request is judged that has arrived. At once where they are known, and otherwise within 2.5 s.
   *
   * @throws DomainError `STORE_UNAVAILABLE` when they cannot be read in time; older ones are then no substitute
   */
  current(): Policies | Promise<Policies>;

  /** Those that were read last, if that was within 5 minutes: for requests that are better judged by them than refused. */
  lastKnown(): Policies | undefined;

  /** To be called after a change: requests that arrive from now on are judged by it, in this process. */
  renew(): void;
}
