import { type FieldIssue, invalidRequest } from '../shared/domain-error.ts';
import type { Question } from './answers.ts';
import { firstAlike, matchWord, normaliseWord } from './words.ts';

export type VoterLimit = 'none' | 'one';
export type PollStatus = 'scheduled' | 'open' | 'closed';

/** How a vote comes in: as a text message that the phone network vouches for, or over HTTP. */
export type Channel = 'sms' | 'web';
export const CHANNELS: readonly Channel[] = ['sms', 'web'];

/** Who is told of the feedback of a poll: one of the two receivers, once a feedback has not changed for a while. */
export interface Notify {
  readonly url?: string;
  readonly slack?: true;
  /** How long a feedback must not have changed, s. */
  readonly quietSeconds: number;
  /** After so long since its first change it is told although it still changes, s. */
  readonly maxSeconds: number;
}

const NOTIFY_DEFAULTS = { quietSeconds: 60, maxSeconds: 900 } as const;

/** The form in which votes are stored. Polls of the first release have none, and are read only. */
export const POLL_VERSION = 2;

/** Counts of a closed poll that must agree. Where there are several regions, all of them are of this one. */
export interface Audit {
  readonly ballots: number;
  readonly shards: number;
  readonly tally: number;
  /** Tally minus ballots: above 0 votes were counted twice, below 0 some are missing. */
  readonly drift: number;
  /** Voters who voted in more than one region of a poll that takes one vote of each. */
  readonly doubleVoters: number;
  /** Epoch ms. */
  readonly at: number;
  /** Lost regions, whose further votes the final count does not wait for. */
  readonly withoutRegions?: readonly string[];
}

/** A question with fixed choices. A choice is known everywhere by its place in `choices`. Times are epoch ms. */
export interface Poll {
  readonly pollId: string;
  readonly version?: number;
  readonly question: string;
  readonly choices: readonly string[];
  readonly createdAt: number;
  /** A time before which there can be no vote, even if `createdAt` is off from the store's time. */
  readonly emptyUpTo?: number;
  readonly opensAt?: number;
  readonly closesAt?: number;
  /** Set by a close; from then on the poll stays closed whatever `closesAt` says. */
  readonly closedAt?: number;
  /** The key that closed it first, `token`, or `schedule`. */
  readonly closedBy?: string;
  /** Regions whose votes the end of the count does not wait for. */
  readonly withoutRegions?: readonly string[];
  /** Made when no vote can come any more and all are in the tally: the count is then final. */
  readonly audit?: Audit;
  /** Fingerprint of the key that its votes are kept under: a process with another key takes no votes. */
  readonly voterKey?: string;
  readonly voterLimit: VoterLimit;
  /** By which channels votes may come. */
  readonly channels: readonly Channel[];
  /** Whether results are hidden until the count is final. */
  readonly hideUntilClose: boolean;
  /** E.164 or a short code; texts to this number vote in this poll. */
  readonly smsNumber?: string;
  /** What it asks beside a vote, at least one thing; never changed. */
  readonly questions?: readonly Question[];
  /** Who is told of each vote and of what is said beside it; never changed. */
  readonly notify?: Notify;
  /** Counters over which the votes are spread. May grow, never shrinks. */
  readonly shards: number;
}

export type PollDraft = Pick<Poll, 'question' | 'choices' | 'opensAt' | 'closesAt' | 'smsNumber'> &
  Partial<Pick<Poll, 'voterLimit' | 'hideUntilClose' | 'channels' | 'questions'>> & {
    readonly notify?: Partial<Notify>;
    readonly shards: number;
  };

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

/** The most questions of a poll. */
export const MAX_QUESTIONS = 10;
/** The fewest characters of an identity that nobody is to guess. */
export const MIN_SECRET_LENGTH = 20;
/** The most choices of a poll. */
export const MAX_CHOICES = 100;
/** The most counters of a poll. */
export const MAX_SHARDS = 1_000;
/** The most numbers of votes, one for each choice in each counter: the tally holds them all, of every region. */
const MAX_NUMBERS_OF_VOTES = 20_000;

/** Counters of a poll with that many choices where `wanted` are asked for: fewer with more than 20 choices. */
export const shardsFor = (choices: number, wanted: number): number =>
  Math.min(wanted, MAX_SHARDS, Math.floor(MAX_NUMBERS_OF_VOTES / choices));

/**
 * Makes a poll of a draft whose field types and lengths are already checked.
 *
 * @throws DomainError `INVALID_REQUEST` with every rule that the draft breaks
 */
export function createPollFrom(draft: PollDraft, pollId: string, now: number): Poll {
  const notify = draft.notify && { ...NOTIFY_DEFAULTS, ...draft.notify };
  const issues = [...choiceIssues(draft), ...questionIssues(draft), ...notifyIssues(notify)];
  if (normaliseWord(draft.question) === '')
    issues.push({ path: 'question', message: 'must contain something to read' });
  if (draft.closesAt !== undefined && draft.closesAt <= (draft.opensAt ?? now))
    issues.push({ path: 'closesAt', message: 'must be later than the opening' });
  if (issues.length > 0) throw invalidRequest(...issues);
  return {
    pollId,
    version: POLL_VERSION,
    question: draft.question,
    choices: [...draft.choices],
    createdAt: now,
    opensAt: draft.opensAt,
    closesAt: draft.closesAt,
    voterLimit: draft.voterLimit ?? 'none',
    channels: CHANNELS.filter((channel) => (draft.channels ?? CHANNELS).includes(channel)),
    hideUntilClose: draft.hideUntilClose ?? false,
    smsNumber: draft.smsNumber,
    ...(draft.questions && draft.questions.length > 0
      ? { questions: draft.questions.map(({ id, text }) => ({ id, text })) }
      : {}),
    ...(notify ? { notify } : {}),
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
    const first = alike[index] as number;
    return first === index ? [] : { path, message: `reads the same as “${choices[first]}”` };
  });
}

function questionIssues({ questions = [] }: PollDraft): FieldIssue[] {
  const ids = questions.map(({ id }) => id);
  return questions.flatMap(({ id, text }, index) => {
    const first = ids.indexOf(id);
    return [
      ...(first === index ? [] : [{ path: `questions[${index}].id`, message: `is that of questions[${first}] too` }]),
      ...(normaliseWord(text) === ''
        ? [{ path: `questions[${index}].text`, message: 'must contain something to read' }]
        : []),
    ];
  });
}

function notifyIssues(notify: Notify | undefined): FieldIssue[] {
  if (!notify) return [];
  const { url, slack, quietSeconds, maxSeconds } = notify;
  return [
    ...((url === undefined) === (slack === undefined)
      ? [{ path: 'notify', message: 'must name one receiver: url, or slack' }]
      : []),
    ...(maxSeconds < quietSeconds
      ? [{ path: 'notify.maxSeconds', message: `must not be below quietSeconds, which is ${quietSeconds}` }]
      : []),
  ];
}

/** The status at a moment (epoch ms). Opening and closing times take effect by themselves. */
export function pollStatus(poll: Poll, at: number): PollStatus {
  if (poll.closedAt !== undefined || (poll.closesAt !== undefined && at >= poll.closesAt)) return 'closed';
  return poll.opensAt !== undefined && at < poll.opensAt ? 'scheduled' : 'open';
}

/** Whether the first release made the poll: it can be read, and nothing else. */
export const isReadOnly = ({ version }: Poll): boolean => version !== POLL_VERSION;

/** Whether no vote can come any more, and all are counted. */
export const isFinal = (poll: Poll, at: number): boolean =>
  isReadOnly(poll) ? pollStatus(poll, at) === 'closed' : poll.audit !== undefined;

/** Whether there is a moment at which both polls take votes. A poll that was closed by hand ended then. */
export function overlaps(one: Poll, other: Poll): boolean {
  const [first, second] = [votingTime(one), votingTime(other)];
  return first.from < second.until && second.from < first.until;
}

const votingTime = ({ createdAt, opensAt, closesAt, closedAt }: Poll): { from: number; until: number } => ({
  from: Math.max(opensAt ?? createdAt, createdAt),
  until: Math.min(closesAt ?? Number.POSITIVE_INFINITY, closedAt ?? Number.POSITIVE_INFINITY),
});

/** Of the polls of one number the one for a text at a moment: the open one, else the next to open, else the last closed. */
export function pollForText(polls: readonly Poll[], at: number): Poll | undefined {
  const withStatus = (status: PollStatus) => polls.filter((poll) => pollStatus(poll, at) === status);
  const opening = withStatus('scheduled').sort((one, other) => votingTime(one).from - votingTime(other).from);
  const closed = withStatus('closed').sort((one, other) => votingTime(other).until - votingTime(one).until);
  return withStatus('open')[0] ?? opening[0] ?? closed[0];
}

/**
 * Of the polls of one number those that texts may still be meant for at a moment: all that are not over, and the last one
 * that is.
 */
export function pollsToKeep(polls: readonly Poll[], at: number): readonly Poll[] {
  const isOver = (poll: Poll) => pollStatus(poll, at) === 'closed';
  const last = pollForText(polls.filter(isOver), at);
  return polls.filter((poll) => !isOver(poll) || poll === last);
}

/** How often the tally of an open poll without readers is checked, ms. */
export const UNWATCHED_CHECK_MS = 5 * 60_000;

/** When a new poll is first due for a sweep, epoch ms. */
export const firstDueAt = ({ createdAt, closesAt }: Poll): number =>
  Math.min(closesAt ?? Number.POSITIVE_INFINITY, createdAt + UNWATCHED_CHECK_MS);
