/** What the notice of a feedback goes by. It is stored with each ballot, since an effect may depend on nothing else. */
export interface NoticeTerms {
  readonly receiver: 'slack' | 'url';
  readonly quietSeconds: number;
  readonly maxSeconds: number;
}

/** What the receiver knows: the answers of a revision, 0 for the vote alone. */
export interface Told {
  readonly revision: number;
  /** Names the message at the receiver, which can be changed by it. */
  readonly reference?: string;
}

/** How far the receiver was told of a feedback. */
export interface Notice {
  /** Rises by 1 with each change. */
  readonly version: number;
  /** Tells this change from all others. */
  readonly changeId: string;
  /** Where it is told from. */
  readonly region: string;
  /** What it was told for certain. */
  readonly told?: Told;
  /** An attempt began, and nobody knows how it ended. It may go on until then, epoch ms. */
  readonly sending?: { readonly until: number };
}
