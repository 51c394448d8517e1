import type { Clock } from '../../ports/system.ts';
import type { PollStore, VoteLedger } from '../../ports/votes.ts';
import { pollClosed } from './errors.ts';
import { existingPoll } from './find-polls.ts';
import { isReadOnly, type Poll } from './poll.ts';

/** After this long a sweep audits a poll whose close did not get to its audit, ms. */
const AUDIT_LATER_MS = 30_000;

export interface CloseCommand {
  /** The closer: the name of a key, or `token`. */
  readonly by: string;
  /** Lost regions, whose further votes the final count does not wait for. */
  readonly withoutRegions?: readonly string[];
}

export class ClosePoll {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly clock: Clock,
  ) {}

  /**
   * Closes a poll for good, a scheduled one too. The poll is closed first, then its shards: a vote that read the poll
   * while it was open is refused by the closed shard. When this returns, no further vote counts. May be repeated.
   *
   * @returns the poll as it is now, whose audit is still to be made, and as it was before
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `VOTES_POLL_CLOSED` (a poll of the first release), `STORE_UNAVAILABLE`
   * (the close may then be half done; repeat it, or a sweep ends it)
   */
  async execute(
    pollId: string,
    { by, withoutRegions = [] }: CloseCommand,
  ): Promise<{ readonly before: Poll; readonly after: Poll }> {
    const poll = await existingPoll(this.polls, pollId);
    if (isReadOnly(poll)) throw pollClosed(pollId);
    const now = this.clock.now();
    // Scheduled before the close, so that a sweep finishes what a crash interrupts.
    if (!poll.audit) await this.polls.schedule({ pollId, dueAt: now + AUDIT_LATER_MS });
    const isOver = poll.closesAt !== undefined && poll.closesAt <= now;
    const closing = isOver ? { closedAt: poll.closesAt, closedBy: 'schedule' } : { closedAt: now, closedBy: by };
    const lost = withoutRegions.filter((region) => !poll.withoutRegions?.includes(region));
    const closed = await this.polls.close(pollId, { ...closing, withoutRegions: lost });
    await this.ledger.closeShards(closed);
    return { before: poll, after: closed };
  }
}
