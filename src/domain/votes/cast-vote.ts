import type { Clock, Ids } from '../../ports/system.ts';
import type { PollStore, VoteLedger, VotePseudonyms } from '../../ports/votes.ts';
import { idempotencyKeyReused, invalidRequest, storeUnavailable } from '../shared/domain-error.ts';
import { type Ballot, normaliseVoter, sameVote } from './ballot.ts';
import { alreadyVoted, channelClosed, pollClosed, pollNotOpen, unknownChoice, voterKeyChanged } from './errors.ts';
import { existingPoll } from './find-polls.ts';
import { type Channel, isReadOnly, type Poll, pollStatus } from './poll.ts';
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
   * Counts a vote once. A repeat has the answer of the first time, also after the close.
   * A process with another key than the poll's is refused: it would not recognise identities, and voters could vote twice.
   *
   * @throws DomainError `INVALID_REQUEST` (the poll needs a voter, or the voter is blank), `VOTES_CHANNEL_CLOSED`,
   * `VOTES_UNKNOWN_CHOICE`, `VOTES_POLL_CLOSED`, `VOTES_POLL_NOT_OPEN`, `VOTES_ALREADY_VOTED`,
   * `IDEMPOTENCY_KEY_REUSED`, `VOTES_VOTER_KEY_CHANGED`, `STORE_UNAVAILABLE`
   */
  async castIn(poll: Poll, command: VoteCommand): Promise<CastVoteResult> {
    const { pollId } = poll;
    const { channel, message } = command;
    const voteId = command.voteId ?? this.ids.next();
    const ballotId = this.pseudonyms.ballot(pollId, channel, voteId);
    const voter = this.voterIn(poll, command);
    if (isReadOnly(poll)) throw pollClosed(pollId);
    if (!poll.channels.includes(channel)) throw channelClosed(poll, channel);

    const acceptedAt = this.clock.now();
    const status = pollStatus(poll, acceptedAt);
    if (status === 'open' && poll.voterKey !== this.pseudonyms.keyFingerprint) throw voterKeyChanged(pollId);
    const choice = matchWord(poll.choices, command.choice);
    if (choice === undefined) {
      if (command.voteId !== undefined && (await this.ledger.find(pollId, ballotId)))
        throw idempotencyKeyReused(voteId);
      throw unknownChoice(poll);
    }

    const ballot: Ballot = { pollId, ballotId, choices: [choice], channel, voter, acceptedAt };
    if (status !== 'open') {
      const first = command.voteId === undefined ? undefined : await this.ledger.find(pollId, ballotId);
      if (first) return replay(poll, voteId, ballot, first);
      throw status === 'closed' ? pollClosed(pollId) : pollNotOpen(pollId);
    }

    const outcome = await this.ledger.record(poll, ballot, message);
    switch (outcome.kind) {
      case 'counted':
        return { voteId, choice: poll.choices[choice] as string, acceptedAt, replayed: false };
      case 'repeated':
        return replay(poll, voteId, ballot, outcome.ballot);
      case 'already-voted':
        throw alreadyVoted(pollId);
      case 'message-counted':
        return this.countedIn(outcome.pollId, channel, voteId);
      case 'closed':
        throw pollClosed(pollId);
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

/** @throws DomainError `IDEMPOTENCY_KEY_REUSED` when the first ballot with this identity says something else */
function replay(poll: Poll, voteId: string, ballot: Ballot, first: Ballot): CastVoteResult {
  if (!sameVote(first, ballot)) throw idempotencyKeyReused(voteId);
  return { voteId, choice: choiceOf(poll, first), acceptedAt: first.acceptedAt, replayed: true };
}

/** The choice of a ballot as its poll spells it. */
const choiceOf = (poll: Poll, { choices }: Ballot): string => choices.map((choice) => poll.choices[choice]).join(', ');
