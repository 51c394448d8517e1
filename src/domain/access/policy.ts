/** What a subject may do and may not do. */
export interface Policy {
  readonly subject: string;
  readonly allow: readonly string[];
  /** Wins over whatever allows. */
  readonly deny: readonly string[];
  /** Of the change that put it: no two policies have the same. */
  readonly revision: number;
  /** From when on every request is judged by it, epoch ms in the store's time. */
  readonly effectiveBy: number;
}

/** All policies, as of one change of them. */
export interface PolicySet {
  /** Rises by one with each change of a policy. */
  readonly version: number;
  readonly policies: readonly Policy[];
}

export const NO_POLICIES: PolicySet = { version: 0, policies: [] };

/** The policy of a subject, if there is one. */
export const policyIn = ({ policies }: PolicySet, subject: string): Policy | undefined =>
  policies.find((policy) => policy.subject === subject);
