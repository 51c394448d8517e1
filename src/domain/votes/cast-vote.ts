import type { Clock, Ids } from '../../ports/system.ts';
import type { PollStore, VoteLedger, VotePseudonyms } from '../../ports/votes.ts';
import { type DomainError, idempotencyKeyReused, invalidRequest, storeUnavailable } from '../shared/domain-error.ts';
import { type Ballot, choiceOf, normaliseVoter, sameVote } from './ballot.ts';
import { alreadyVoted, channelClosed, pollClosed, pollNotOpen, unknownChoice, voterKeyChanged } from './errors.ts';
import { existingPoll } from './find-polls.ts';
import { type Channel, isReadOnly, MIN_SECRET_LENGTH, type Poll, pollStatus } from './poll.ts';
import { matchWord } from './words.ts';

export interface VoteCommand {
  /** As the voter typed it. */
  readonly choice: string;
  /** What identifies the voter: by SMS the number, on the web a name of the voter's own choice. Only its pseudonym is stored. */
  readonly voter?: string;
  /** The vote's identity; generated if absent, and then the vote cannot be repeated. */
  readonly voteId?: string;
  readonly channel: Channel;
  /** Pseudonym of a text message that counts once among all polls of its number. */
  readonly message?: string;
}

export interface CastVoteResult {
  readonly voteId: string;
  /** The choice as the poll spells it. */
  readonly choice: string;
  /** Epoch ms. */
  readonly acceptedAt: number;
  /** True when the vote had been counted before. */
  readonly replayed: boolean;
}

/** Why a vote does not count. */
export type VoteRefusal =
  | 'already-voted'
  | 'channel-closed'
  | 'poll-closed'
  | 'poll-not-open'
  | 'unknown-choice'
  /** Another vote was counted under its identity. */
  | 'vote-id-reused';

export type CastOutcome = { readonly kind: 'counted'; readonly vote: CastVoteResult } | { readonly kind: VoteRefusal };

const errors: Readonly<Record<VoteRefusal, (poll: Poll, command: VoteCommand) => DomainError>> = {
  'already-voted': ({ pollId }) => alreadyVoted(pollId),
  'channel-closed': (poll, { channel }) => channelClosed(poll, channel),
  'poll-closed': ({ pollId }) => pollClosed(pollId),
  'poll-not-open': ({ pollId }) => pollNotOpen(pollId),
  'unknown-choice': unknownChoice,
  'vote-id-reused': (_, { voteId = '' }) => idempotencyKeyReused(voteId),
};

export class CastVote {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly pseudonyms: VotePseudonyms,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws DomainError `VOTES_POLL_NOT_FOUND`, and what {@link castIn} throws */
  async execute(pollId: string, command: VoteCommand): Promise<CastVoteResult> {
    return this.castIn(await existingPoll(this.polls, pollId), command);
  }

  /**
   * As {@link cast}, but a refusal is thrown.
   *
   * @throws DomainError `VOTES_CHANNEL_CLOSED`, `VOTES_UNKNOWN_CHOICE`, `VOTES_POLL_CLOSED`, `VOTES_POLL_NOT_OPEN`,
   * `VOTES_ALREADY_VOTED`, `IDEMPOTENCY_KEY_REUSED`, and what {@link cast} throws
   */
  async castIn(poll: Poll, command: VoteCommand): Promise<CastVoteResult> {
    const outcome = await this.cast(poll, command);
    if (outcome.kind === 'counted') return outcome.vote;
    throw errors[outcome.kind](poll, command);
  }

  /**
   * Counts a vote once. A repeat has the answer of the first time, also after the close.
   * A process with another key than the poll's is refused: it would not recognise identities, and voters could vote twice.
   *
   * @throws DomainError `INVALID_REQUEST` (the poll needs a voter, the voter is blank, or the identity is too short),
   * `VOTES_VOTER_KEY_CHANGED`,
   * `STORE_UNAVAILABLE`
   */
  async cast(poll: Poll, command: VoteCommand): Promise<CastOutcome> {
    const { pollId } = poll;
    const { channel, message } = command;
    const voteId = this.identityIn(poll, command);
    const ballotId = this.pseudonyms.ballot(pollId, channel, voteId);
    const voter = this.voterIn(poll, command);
    if (isReadOnly(poll)) return { kind: 'poll-closed' };
    if (!poll.channels.includes(channel)) return { kind: 'channel-closed' };

    const acceptedAt = this.clock.now();
    const status = pollStatus(poll, acceptedAt);
    if (status === 'open' && poll.voterKey !== this.pseudonyms.keyFingerprint) throw voterKeyChanged(pollId);
    const findFirst = async () => (command.voteId === undefined ? undefined : this.ledger.find(pollId, ballotId));
    const choice = matchWord(poll.choices, command.choice);
    if (choice === undefined) return { kind: (await findFirst()) ? 'vote-id-reused' : 'unknown-choice' };

    const ballot: Ballot = { pollId, ballotId, choices: [choice], channel, voter, acceptedAt };
    if (status !== 'open') {
      const first = await findFirst();
      if (first) return replay(poll, voteId, ballot, first);
      return { kind: status === 'closed' ? 'poll-closed' : 'poll-not-open' };
    }

    const outcome = await this.ledger.record(poll, ballot, message);
    switch (outcome.kind) {
      case 'counted':
        return counted({ voteId, choice: poll.choices[choice] as string, acceptedAt, replayed: false });
      case 'repeated':
        return replay(poll, voteId, ballot, outcome.ballot);
      case 'message-counted':
        return counted(await this.countedIn(outcome.pollId, channel, voteId));
      case 'already-voted':
        return outcome;
      case 'closed':
        return { kind: 'poll-closed' };
    }
  }

  /**
   * The vote as it was counted in another poll.
   *
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE`
   */
  async countedIn(pollId: string, channel: Channel, voteId: string): Promise<CastVoteResult> {
    const [poll, ballot] = await Promise.all([
      existingPoll(this.polls, pollId),
      this.ledger.find(pollId, this.pseudonyms.ballot(pollId, channel, voteId)),
    ]);
    // Both were written together.
    if (!ballot) throw storeUnavailable(new Error(`A message names a ballot in poll ${pollId} that is not there`));
    return { voteId, choice: choiceOf(poll, ballot), acceptedAt: ballot.acceptedAt, replayed: true };
  }

  /**
   * The vote's identity. Where the poll asks questions, who knows it may answer them: nobody may guess it, nor find it from
   * that of a vote of the same moment.
   */
  private identityIn({ questions }: Poll, { voteId, channel }: VoteCommand): string {
    if (questions === undefined || channel !== 'web') return voteId ?? this.ids.next();
    if (voteId !== undefined && voteId.length < MIN_SECRET_LENGTH)
      throw invalidRequest({
        path: 'voteId',
        message: `must have ${MIN_SECRET_LENGTH} characters or more, as must an Idempotency-Key, since who knows it may answer the questions of this poll`,
      });
    return voteId ?? this.ids.secret();
  }

  /** @returns the voter's pseudonym. A voter by SMS is never one on the web, who could otherwise use up its vote. */
  private voterIn({ pollId, voterLimit }: Poll, { voter, channel }: VoteCommand): string | undefined {
    if (voter === undefined) {
      if (voterLimit === 'none') return undefined;
      throw invalidRequest({ path: 'voter', message: 'is required, since this poll takes one vote of each voter' });
    }
    const name = channel === 'web' ? normaliseVoter(voter) : voter;
    if (name === '') throw invalidRequest({ path: 'voter', message: 'must contain something to read' });
    return this.pseudonyms.voter(pollId, channel, name);
  }
}

const counted = (vote: CastVoteResult): CastOutcome => ({ kind: 'counted', vote });

/** The answer of the first time, unless the first ballot with this identity says something else. */
function replay(poll: Poll, voteId: string, ballot: Ballot, first: Ballot): CastOutcome {
  if (!sameVote(first, ballot)) return { kind: 'vote-id-reused' };
  return counted({ voteId, choice: choiceOf(poll, first), acceptedAt: first.acceptedAt, replayed: true });
}
