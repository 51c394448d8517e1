/** What a subject may do and may not do. */
export interface Policy {
  readonly subject: string;
  readonly allow: readonly string[];
  /** Wins over whatever allows. */
  readonly deny: readonly string[];
  /** Of the change of policies that put it: no two policies have the same. */
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
