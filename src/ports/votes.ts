import type { DomainError } from '../domain/shared/domain-error.ts';
import type { Page, PageRequest } from '../domain/shared/page.ts';
import type { AnswerChange, BallotAnswers } from '../domain/votes/answers.ts';
import type { Ballot } from '../domain/votes/ballot.ts';
import type { Feedback, FeedbackChange } from '../domain/votes/feedback.ts';
import type { Audit, Channel, Notify, Poll } from '../domain/votes/poll.ts';
import type { ShardImage, Tally } from '../domain/votes/tally.ts';
import type { ChangeFeed } from './system.ts';

/** A poll that is due for a sweep. */
export interface DuePoll {
  readonly pollId: string;
  /** Epoch ms. */
  readonly dueAt: number;
}

/** The polls that were made for a phone number. */
export interface PhoneNumber {
  /** Polls that a text may be meant for: all that are not closed, and the last closed one. */
  readonly pollIds: readonly string[];
  /** The first poll that the number ever had. */
  readonly firstPollId: string;
}

/**
 * Polls by id and by phone number. Every method reads what was written before it.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again,
 * and a poll that was created after all is refused as one that exists.
 */
export interface PollStore {
  /**
   * Stores a new poll. From then on its `smsNumber`, if any, names it. It is due for a sweep when it closes, and five
   * minutes after its creation at the latest.
   * Of several creates at once with one id, or with one number and times that overlap, one succeeds.
   *
   * @throws DomainError `VOTES_POLL_EXISTS`; else `VOTES_NUMBER_TAKEN` when another poll with that number takes votes
   * during some of its time
   */
  create(poll: Poll): Promise<void>;

  get(pollId: string): Promise<Poll | undefined>;

  /** Polls by id, in no order; missing ones are left out. */
  getMany(pollIds: readonly string[]): Promise<readonly Poll[]>;

  /**
   * Polls by `createdAt`, newest first; of one millisecond, the greater id first.
   *
   * @throws DomainError `INVALID_REQUEST` for a text that is no cursor (`sortKeyIn`)
   */
  list(page: PageRequest): Promise<Page<Poll>>;

  /** The polls of a number, or undefined if no poll ever had it. */
  findNumber(smsNumber: string): Promise<PhoneNumber | undefined>;

  /**
   * Sets `closedAt` (epoch ms) and `closedBy` unless they are set, and adds `withoutRegions` to those of the poll. Frees the
   * number.
   *
   * @returns the poll as it is afterwards
   * @throws DomainError `VOTES_POLL_NOT_FOUND`
   */
  close(
    pollId: string,
    closing: { readonly closedAt: number; readonly closedBy: string; readonly withoutRegions: readonly string[] },
  ): Promise<Poll>;

  /**
   * Stores the audit of a poll, which makes its count final, unless a newer one is there.
   *
   * @returns the poll as it is afterwards
   * @throws DomainError `VOTES_POLL_NOT_FOUND`
   */
  finish(pollId: string, audit: Audit): Promise<Poll>;

  /**
   * Raises the poll's `shards` unless it has as many already or is closed.
   *
   * @returns the poll as it is afterwards, or undefined if there is none
   */
  growShards(pollId: string, shards: number): Promise<Poll | undefined>;

  /** Makes a poll due at a time, beside those at which it is due already. */
  schedule(due: DuePoll): Promise<void>;

  /** What is due at `now` (epoch ms), oldest first. A poll may be there more than once. */
  listDue(now: number): Promise<readonly DuePoll[]>;

  /**
   * Moves what is due to another time, or takes it off the list. Of several calls at once for one entry, one succeeds.
   *
   * @returns false, with nothing changed, if the entry is not there any more
   */
  postpone(due: DuePoll, dueAt: number | undefined): Promise<boolean>;
}

export type RecordOutcome =
  | { readonly kind: 'counted' }
  /** A ballot with this identity exists; `ballot` is that one. */
  | { readonly kind: 'repeated'; readonly ballot: Ballot }
  /** The text message was counted in another poll of its number. */
  | { readonly kind: 'message-counted'; readonly pollId: string }
  /** The poll takes one vote of each voter, and this voter's is in another ballot. */
  | { readonly kind: 'already-voted' }
  /** The shard is closed, as all shards of the poll are or will be. */
  | { readonly kind: 'closed' };

export interface BallotCount {
  readonly ballots: number;
  /** Voters who voted in several regions, where the poll takes one vote of each. */
  readonly doubleVoters: number;
}

/**
 * Ballots and the counters (shards) over which they are spread.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again.
 */
export interface VoteLedger {
  /** The region that owns the shards to which this ledger adds. */
  readonly region: string;

  /**
   * Stores the ballot and adds it to one shard, both or neither. Of several copies at once, one counts.
   * Outcomes are tried in the order `repeated`, `message-counted`, `closed`, `already-voted`. The voter is held to one
   * vote in this region if the poll's `voterLimit` is `one`.
   *
   * @param message pseudonym of the text message that brought the ballot; remembered for 30 days, in which it counts once
   */
  record(poll: Poll, ballot: Ballot, message?: string): Promise<RecordOutcome>;

  find(pollId: string, ballotId: string): Promise<Ballot | undefined>;

  /** The poll in which a message was counted, if it is remembered. */
  findMessage(message: string): Promise<string | undefined>;

  /** Closes every shard of the poll in this region, so that no vote counts afterwards. Creates missing ones. Idempotent. */
  closeShards(poll: Poll): Promise<void>;

  /**
   * Every shard of the poll in this region and in `regions`, as it is now, consistently read; shards without a vote
   * may be absent.
   */
  readShards(poll: Poll, regions: readonly string[]): Promise<readonly ShardImage[]>;

  /**
   * Counts the ballots of this region of a poll whose shards are closed, consistently read and never all in memory. An
   * interrupted count resumes.
   *
   * @param regions all that are known; voters are compared where there are several
   */
  countBallots(poll: Poll, regions: readonly string[]): Promise<BallotCount>;
}

/**
 * What voters said beside their ballots.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be made again.
 */
export interface AnswerStore {
  /** Reads what was written before. */
  get(pollId: string, ballotId: string): Promise<BallotAnswers | undefined>;

  /**
   * Sets the texts of some questions and leaves the others (`withAnswers`). Of changes at once, none is lost. A change that
   * changes nothing, such as a repeat, leaves everything as it is.
   *
   * @param ifRevision nothing is changed unless the answers have this revision (0: there are none)
   * @returns the answers as they are afterwards, if there are any
   */
  put(change: AnswerChange, ifRevision?: number): Promise<BallotAnswers | undefined>;

  /**
   * Stores how far the receiver was told of a feedback, as version n, if what is stored is of version n − 1 (0: nothing is).
   *
   * @returns false, with nothing written, if it is not
   */
  mark(
    mark: Pick<BallotAnswers, 'pollId' | 'ballotId' | 'choices' | 'terms'> & Required<Pick<BallotAnswers, 'notice'>>,
  ): Promise<boolean>;

  /**
   * All answers in a poll, in an order that means nothing. Whatever is there all the time is in one page.
   *
   * @throws DomainError `INVALID_REQUEST` for a text that is no cursor (`sortKeyIn`)
   */
  list(pollId: string, page: PageRequest): Promise<Page<BallotAnswers>>;
}

/**
 * The tallies of polls, guarded by their version.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a tally was stored is then unknown; its version tells.
 */
export interface TallyStore {
  /** Reads what was written before. */
  get(pollId: string): Promise<Tally | undefined>;

  /**
   * Stores a tally of version n if the stored one is of version n − 1 (0: none is stored).
   *
   * @returns false, with nothing written, if it is not
   */
  put(tally: Tally): Promise<boolean>;
}

/** Images of shards after each change, as a store's change stream carries them. */
export type ShardFeed = ChangeFeed<ShardImage>;

/** Ballots and answers of polls whose feedback somebody is told of, after each change. */
export type FeedbackFeed = ChangeFeed<FeedbackChange>;

/** What became of a message. */
export type Delivery =
  /** `reference` names the message where it can be changed. */
  | { readonly kind: 'told'; readonly reference?: string }
  /** Not taken, and it would not be if it came again. */
  | { readonly kind: 'refused'; readonly error: string }
  /** Not taken now. */
  | { readonly kind: 'wait'; readonly retryAfterMs: number; readonly error: string }
  /** Certainly not taken: nothing was sent. */
  | { readonly kind: 'unreached'; readonly error: string }
  /** Perhaps taken. */
  | { readonly kind: 'unknown'; readonly error: string };

/** Who is told of feedback. */
export interface FeedbackReceiver {
  /** Why this receiver can be told nothing, if so. */
  refusal(to: Notify): DomainError | undefined;

  /**
   * Sends one message on some feedback of a poll: that which it was told changes, and more than one makes a digest. Says so
   * where a message may be a repeat. Never rejects.
   */
  tell(to: Notify, poll: Poll, feedback: readonly Feedback[]): Promise<Delivery>;
}

/**
 * Counts the messages of a sender that were answered.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a message was counted is then unknown.
 */
export interface ReplyLimit {
  /**
   * Counts a message as answered, of several copies one, unless five others of its sender are counted. A message that is
   * counted is allowed again and counts no more. Once a sender has not been allowed anything for an hour, its messages are
   * forgotten; so never more than five different ones are allowed within an hour. Of many at once, five are allowed at most.
   *
   * @param sender a pseudonym
   * @param now epoch ms
   */
  allow(sender: string, messageId: string, now: number): Promise<boolean>;
}

/**
 * The fingerprint of the key that the store's votes are kept under. Every process must have the same key, since another
 * one would give every voter a second vote.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again.
 */
export interface VoterKeys {
  /**
   * Stores a fingerprint unless there is one. Of several at once, one is stored.
   *
   * @returns the fingerprint that is stored
   */
  putFirst(fingerprint: string): Promise<string>;

  /** Stores a fingerprint in place of the one that is there, if any. */
  replace(fingerprint: string): Promise<void>;
}

/**
 * Pseudonyms under which identities are stored: deterministic, and not reversible without the key. Identities of different
 * kinds, channels and polls never share a pseudonym.
 */
export interface VotePseudonyms {
  /** Identifies the key and reveals nothing about it. */
  readonly keyFingerprint: string;
  ballot(pollId: string, channel: Channel, voteId: string): string;
  voter(pollId: string, channel: Channel, voter: string): string;
  /** Of a text message among all that were sent to a number. */
  message(smsNumber: string, messageId: string): string;

  /** Of a phone number, whatever the poll. */
  sender(number: string): string;
}
