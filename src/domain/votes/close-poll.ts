import type { Clock } from '../../ports/system.ts';
import type { PollStore, VoteLedger } from '../../ports/votes.ts';
import { pollNotFound } from './errors.ts';
import type { Poll } from './poll.ts';

export class ClosePoll {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly clock: Clock,
  ) {}

  /**
   * Closes a poll for good, a scheduled one too. The poll is marked first, then its shards: a vote that read the poll
   * before the mark meets the marked shard. When this returns, no further vote counts. May be repeated.
   *
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE` (the close may then be half done; repeat it)
   */
  async execute(pollId: string): Promise<Poll> {
    const poll = await this.polls.close(pollId, this.clock.now());
    if (!poll) throw pollNotFound(pollId);
    await this.ledger.closeShards(poll);
    return poll;
  }

  /**
   * Closes every poll whose `closesAt` has certainly passed. Their shards are marked before they leave the list of those to be
   * closed, so that a crash in between leaves nothing half done. One that cannot be closed keeps no other open.
   *
   * @throws AggregateError with what went wrong
   */
  async closeDue(): Promise<void> {
    const failures: unknown[] = [];
    for (const poll of await this.polls.listDue(this.clock.earliest()))
      try {
        await this.ledger.closeShards(poll);
        await this.execute(poll.pollId);
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0) throw new AggregateError(failures, 'Some polls that are due could not be closed');
  }
}
