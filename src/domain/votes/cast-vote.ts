import type { Clock, Ids } from '../../ports/system.ts';
import type { PollStore, VoteLedger, VoterPseudonyms } from '../../ports/votes.ts';
import { idempotencyKeyReused, invalidRequest } from '../shared/domain-error.ts';
import { type Ballot, sameVote } from './ballot.ts';
import { alreadyVoted, pollClosed, pollNotOpen, unknownChoice } from './errors.ts';
import { existingPoll } from './find-polls.ts';
import { type Poll, pollStatus } from './poll.ts';
import { matchWord } from './words.ts';

export interface VoteCommand {
  /** As the voter typed it. */
  readonly choice: string;
  /** Whatever identifies the voter: a name, a phone number. Only its pseudonym is stored. */
  readonly voter?: string;
  /** The vote's identity; generated if absent, and then the vote cannot be repeated. */
  readonly voteId?: string;
}

export interface CastVoteResult {
  readonly ballot: Ballot;
  /** The choice as the poll spells it. */
  readonly choice: string;
  /** True when the vote had been counted before. */
  readonly replayed: boolean;
}

export class CastVote {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly pseudonyms: VoterPseudonyms,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws DomainError `VOTES_POLL_NOT_FOUND`, and what {@link in} throws */
  async execute(pollId: string, command: VoteCommand): Promise<CastVoteResult> {
    return this.in(await existingPoll(this.polls, pollId), command);
  }

  /**
   * Counts a vote once. The same vote again answers as the first time, also after the close.
   *
   * @throws DomainError `INVALID_REQUEST` (the poll needs a voter), `VOTES_UNKNOWN_CHOICE`, `VOTES_POLL_CLOSED`,
   * `VOTES_POLL_NOT_OPEN`, `VOTES_ALREADY_VOTED`, `IDEMPOTENCY_KEY_REUSED`, `STORE_UNAVAILABLE`
   */
  async in(poll: Poll, command: VoteCommand): Promise<CastVoteResult> {
    if (poll.voterLimit === 'one' && command.voter === undefined)
      throw invalidRequest({ path: 'voter', message: 'is required, since this poll takes one vote of each voter' });

    const acceptedAt = this.clock.now();
    const choice = matchWord(poll.choices, command.choice);
    if (choice === undefined) {
      if (await this.earlier(poll, command)) throw idempotencyKeyReused(command.voteId as string);
      throw unknownChoice(poll);
    }

    const ballot: Ballot = {
      pollId: poll.pollId,
      voteId: command.voteId ?? this.ids.next(),
      choice,
      voter: command.voter === undefined ? undefined : this.pseudonyms.of(poll.pollId, command.voter),
      acceptedAt,
    };
    const status = pollStatus(poll, acceptedAt);
    if (status !== 'open') {
      const first = await this.earlier(poll, command);
      if (first) return replay(poll, ballot, first);
      throw status === 'closed' ? pollClosed(poll.pollId) : pollNotOpen(poll.pollId);
    }

    const outcome = await this.ledger.record(poll, ballot);
    switch (outcome.kind) {
      case 'counted':
        return { ballot, choice: poll.choices[choice] as string, replayed: false };
      case 'repeated':
        return replay(poll, ballot, outcome.ballot);
      case 'already-voted':
        throw alreadyVoted(poll.pollId);
      case 'closed':
        throw pollClosed(poll.pollId);
    }
  }

  private async earlier(poll: Poll, { voteId }: VoteCommand): Promise<Ballot | undefined> {
    return voteId === undefined ? undefined : this.ledger.find(poll.pollId, voteId);
  }
}

/** @throws DomainError `IDEMPOTENCY_KEY_REUSED` when the first ballot with this identity says something else */
function replay(poll: Poll, ballot: Ballot, first: Ballot): CastVoteResult {
  if (!sameVote(first, ballot)) throw idempotencyKeyReused(ballot.voteId);
  return { ballot: first, choice: poll.choices[first.choice] as string, replayed: true };
}
