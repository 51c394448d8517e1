import { type FieldIssue, invalidRequest } from '../shared/domain-error.ts';
import { firstAlike, matchWord, normaliseWord } from './words.ts';

export type VoterLimit = 'none' | 'one';
export type PollStatus = 'scheduled' | 'open' | 'closed';

/** A question with fixed choices. A choice is known everywhere by its place in `choices`. Times are epoch ms. */
export interface Poll {
  readonly pollId: string;
  readonly question: string;
  readonly choices: readonly string[];
  readonly createdAt: number;
  readonly opensAt?: number;
  readonly closesAt?: number;
  /** Set by a close; from then on the poll stays closed whatever `closesAt` says. */
  readonly closedAt?: number;
  readonly voterLimit: VoterLimit;
  /** Whether results are hidden from everybody until the poll is closed. */
  readonly hideUntilClose: boolean;
  /** E.164; texts to this number vote in this poll. */
  readonly smsNumber?: string;
  /** Counters over which the votes of each choice are spread. May grow, never shrinks. */
  readonly shards: number;
}

export type PollDraft = Pick<Poll, 'question' | 'choices' | 'opensAt' | 'closesAt' | 'smsNumber'> &
  Partial<Pick<Poll, 'voterLimit' | 'hideUntilClose'>> & { readonly shards: number };

/** Words that the phone networks and Twilio answer themselves, so that no choice of a poll with a number is called so. */
export const RESERVED_WORDS: readonly string[] = [
  'STOP',
  'STOPALL',
  'UNSUBSCRIBE',
  'CANCEL',
  'END',
  'QUIT',
  'REVOKE',
  'OPTOUT',
  'START',
  'UNSTOP',
  'HELP',
  'INFO',
];

/** The most choices of a poll. */
export const MAX_CHOICES = 100;
/** The most shards of each choice. */
export const MAX_SHARDS = 1_000;
/** One poll's counters are read and written together, which bounds them. */
const MAX_COUNTERS_PER_POLL = 2_000;

/** Shards of each choice for a poll with that many choices, when `wanted` are asked for. */
export const shardsFor = (choices: number, wanted: number): number =>
  Math.max(1, Math.min(wanted, MAX_SHARDS, Math.floor(MAX_COUNTERS_PER_POLL / choices)));

/**
 * Makes a poll of a draft whose field types and lengths are already checked.
 *
 * @throws DomainError `INVALID_REQUEST` with every rule that the draft breaks
 */
export function createPollFrom(draft: PollDraft, pollId: string, now: number): Poll {
  const issues = choiceIssues(draft);
  if (normaliseWord(draft.question) === '')
    issues.push({ path: 'question', message: 'must contain something to read' });
  if (draft.closesAt !== undefined && draft.closesAt <= (draft.opensAt ?? now))
    issues.push({ path: 'closesAt', message: 'must be later than the opening' });
  if (issues.length > 0) throw invalidRequest(...issues);
  return {
    pollId,
    question: draft.question,
    choices: [...draft.choices],
    createdAt: now,
    opensAt: draft.opensAt,
    closesAt: draft.closesAt,
    voterLimit: draft.voterLimit ?? 'none',
    hideUntilClose: draft.hideUntilClose ?? false,
    smsNumber: draft.smsNumber,
    shards: shardsFor(draft.choices.length, draft.shards),
  };
}

function choiceIssues({ choices, smsNumber }: PollDraft): FieldIssue[] {
  const alike = firstAlike(choices);
  return choices.flatMap((choice, index) => {
    const path = `choices[${index}]`;
    if (normaliseWord(choice) === '') return { path, message: 'must contain something to type' };
    if (smsNumber !== undefined && matchWord(RESERVED_WORDS, choice) !== undefined)
      return { path, message: 'is a word that phone networks keep for themselves; choose another' };
    return alike[index] === index ? [] : { path, message: `reads the same as choices[${alike[index]}]` };
  });
}

/** The status at a moment (epoch ms). Opening and closing times count at once, without anybody acting on them. */
export function pollStatus(poll: Poll, at: number): PollStatus {
  if (poll.closedAt !== undefined || (poll.closesAt !== undefined && at >= poll.closesAt)) return 'closed';
  return poll.opensAt !== undefined && at < poll.opensAt ? 'scheduled' : 'open';
}
