import type { Page, PageRequest } from '../domain/shared/page.ts';
import type { Ballot } from '../domain/votes/ballot.ts';
import type { Poll } from '../domain/votes/poll.ts';
import type { ShardImage, Tally } from '../domain/votes/tally.ts';
import type { ChangeFeed } from './system.ts';

/**
 * Polls by id and by phone number. Every method reads what was written before it.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again,
 * and a poll that was created after all is refused as one that exists.
 */
export interface PollStore {
  /**
   * Stores a new poll. From then on its `smsNumber`, if any, names it.
   * Of several creates at once with one id or one number, one succeeds.
   *
   * @throws DomainError `VOTES_POLL_EXISTS`; else `VOTES_NUMBER_TAKEN` when a poll with that number is not closed at `poll.createdAt`
   */
  create(poll: Poll): Promise<void>;

  get(pollId: string): Promise<Poll | undefined>;

  /**
   * Polls by `createdAt`, newest first; of one millisecond, the greater id first.
   *
   * @throws DomainError `INVALID_REQUEST` for a cursor that this store did not make
   */
  list(page: PageRequest): Promise<Page<Poll>>;

  /** The newest poll with that number, whatever its status. */
  newestByNumber(smsNumber: string): Promise<Poll | undefined>;

  /**
   * Sets `closedAt` (epoch ms) unless it is set; frees the number for another poll.
   *
   * @returns the poll as it is afterwards, or undefined if there is none
   */
  close(pollId: string, closedAt: number): Promise<Poll | undefined>;

  /**
   * Raises the poll's `shards` unless it has as many already or is closed.
   *
   * @returns the poll as it is afterwards, or undefined if there is none
   */
  growShards(pollId: string, shards: number): Promise<Poll | undefined>;

  /** Polls whose `closesAt` is not after `now` (epoch ms) and that nobody closed yet. */
  listDue(now: number): Promise<readonly Poll[]>;
}

export type RecordOutcome =
  | { readonly kind: 'counted' }
  /** A ballot with this `voteId` is there already; `ballot` is that one. */
  | { readonly kind: 'repeated'; readonly ballot: Ballot }
  /** The poll takes one vote of each voter, and this voter's is there under another `voteId`. */
  | { readonly kind: 'already-voted' }
  /** The shards of the poll are closed. */
  | { readonly kind: 'closed' };

/**
 * Ballots and the counters (shards) over which they are spread.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a change was made is then unknown; it may be tried again.
 */
export interface VoteLedger {
  /**
   * Stores the ballot and adds 1 to one shard of its choice, both or neither. Of several copies at once, one counts.
   * Outcomes are tried in the order `repeated`, `closed`, `already-voted`. The voter is held to one vote if the poll's `voterLimit` is `one`.
   */
  record(poll: Poll, ballot: Ballot): Promise<RecordOutcome>;

  find(pollId: string, voteId: string): Promise<Ballot | undefined>;

  /** Marks every shard of the poll in this region, so that no vote counts afterwards. Missing ones are created. May be repeated. */
  closeShards(poll: Poll): Promise<void>;

  /**
   * Every shard of the poll in this region and in `regions`, as it is now, consistently read; shards without a vote
   * may be absent.
   */
  readShards(poll: Poll, regions: readonly string[]): Promise<readonly ShardImage[]>;

  /** Number of ballots of a poll, consistently read. Never holds them in memory. */
  countBallots(pollId: string): Promise<number>;
}

/**
 * The tallies of polls, guarded by their revision.
 *
 * Every method throws DomainError `STORE_UNAVAILABLE`. Whether a tally was stored is then unknown; its revision tells.
 */
export interface TallyStore {
  /** Reads what was written before. */
  get(pollId: string): Promise<Tally | undefined>;

  /**
   * Stores the tally if the stored revision is still `expectedRevision` (0: none is stored yet).
   *
   * @returns false, with nothing written, if it is not
   */
  put(tally: Tally, expectedRevision: number): Promise<boolean>;
}

/** Images of shards after each change, as a store's change stream carries them. */
export type ShardFeed = ChangeFeed<ShardImage>;

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

export interface VoterPseudonyms {
  /** The same voter of the same poll always has the same pseudonym; without the key nobody can tell who it is. */
  of(pollId: string, voter: string): string;

  /** The same phone number always has the same pseudonym, which is none of a voter. */
  sender(number: string): string;
}
