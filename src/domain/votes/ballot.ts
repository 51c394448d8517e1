/** One counted vote. `voteId` is its identity within the poll: the same id is the same vote, however often it is sent. */
export interface Ballot {
  readonly pollId: string;
  readonly voteId: string;
  /** Index in the poll's `choices`. */
  readonly choice: number;
  /** A pseudonym, never a name or a phone number. */
  readonly voter?: string;
  /** Epoch ms. */
  readonly acceptedAt: number;
}

/** Whether two ballots with one identity say the same thing; if not, the identity was used twice. */
export const sameVote = (one: Ballot, other: Ballot): boolean =>
  one.choice === other.choice && one.voter === other.voter;
