import type { Channel, Poll } from './poll.ts';

/** One counted vote. */
export interface Ballot {
  readonly pollId: string;
  /** A pseudonym of the vote's identity: the same identity is the same vote, however often it is sent. */
  readonly ballotId: string;
  /** Indexes in the poll's `choices`, rising. */
  readonly choices: readonly number[];
  readonly channel: Channel;
  /** A pseudonym, never a name or a phone number. */
  readonly voter?: string;
  /** Epoch ms. */
  readonly acceptedAt: number;
}

/**
 * What a ballot is called outside the service: its pseudonym behind a letter. A pseudonym may begin with a hyphen, and so
 * be a formula to a spreadsheet; this is the same in every table, list and message.
 */
export const ballotName = (ballotId: string): string => `b${ballotId}`;

/** Whether two ballots with one identity say the same thing; if not, the identity was used twice. */
export const sameVote = (one: Ballot, other: Ballot): boolean =>
  one.choices.join() === other.choices.join() && one.voter === other.voter;

/** The choice of a ballot as its poll spells it. */
export const choiceOf = (poll: Poll, { choices }: Pick<Ballot, 'choices'>): string =>
  choices.map((choice) => poll.choices[choice]).join(', ');

/** Invisible characters: zero-width ones, direction marks, soft hyphens. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * What a web voter calls itself, in the one form in which it is compared: trimmed, compatibility forms and case folded,
 * and a phone number without its blanks and signs. A text without visible characters becomes empty.
 */
export function normaliseVoter(text: string): string {
  const name = text.normalize('NFKC').replace(INVISIBLE, '').trim().replace(/\s+/g, ' ').toUpperCase().toLowerCase();
  const [, digits] = /^(?:tel: ?)?(?:\+|00)((?:[ .\-/()]*\d){7,15})[ .\-/()]*$/.exec(name) ?? [];
  return digits === undefined ? name : `+${digits.replace(/\D/g, '')}`;
}
