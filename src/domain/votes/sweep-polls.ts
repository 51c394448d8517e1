import type { Clock } from '../../ports/system.ts';
import type { DuePoll, PollStore, TallyStore } from '../../ports/votes.ts';
import { someFailed } from '../shared/some-failed.ts';
import type { AuditPoll } from './audit-poll.ts';
import type { CheckTally } from './check-tally.ts';
import type { ClosePoll } from './close-poll.ts';
import { type Audit, isReadOnly, type Poll, pollStatus, UNWATCHED_CHECK_MS } from './poll.ts';

/** How often a closed poll is swept while its count is not final, ms. */
const UNFINISHED_MS = 60_000;
/** How long a process may take for one poll before another one sweeps it, ms. */
const TAKEN_MS = 60_000;

/** Called with each audit that a sweep has made. */
export type OnAudit = (pollId: string, audit: Audit) => void;

/**
 * Scheduled work on polls: checks the tallies of open ones, closes those whose time is over, and audits closed ones.
 */
export class SweepPolls {
  constructor(
    private readonly polls: PollStore,
    private readonly tallies: TallyStore,
    private readonly checkTally: CheckTally,
    private readonly closePoll: ClosePoll,
    private readonly auditPoll: AuditPoll,
    private readonly clock: Clock,
    private readonly onAudit: OnAudit,
  ) {}

  /**
   * Sweeps every poll that is due, each in one process. A poll that fails does not stop the others and is due again a
   * minute later.
   *
   * @throws AggregateError with what went wrong; its message names the polls
   */
  async execute(): Promise<void> {
    const failures = new Map<string, unknown>();
    for (const due of await this.polls.listDue(this.clock.now()))
      try {
        const taken: DuePoll = { pollId: due.pollId, dueAt: this.clock.now() + TAKEN_MS };
        if (!(await this.polls.postpone(due, taken.dueAt))) continue;
        const poll = await this.polls.get(due.pollId);
        await this.polls.postpone(taken, poll && (await this.sweepOne(poll)));
      } catch (error) {
        failures.set(due.pollId, error);
      }
    if (failures.size > 0) throw someFailed('polls', failures);
  }

  /** @returns when the poll is due again, epoch ms; undefined once its count is final */
  private async sweepOne(poll: Poll): Promise<number | undefined> {
    if (isReadOnly(poll) || poll.audit) return undefined;
    // A close is for good, so a poll is closed once it is certainly due.
    const now = this.clock.earliest();
    if (pollStatus(poll, now) !== 'closed') {
      const checkedAt = pollStatus(poll, now) === 'open' ? await this.checkedAt(poll) : now;
      return Math.min(checkedAt + UNWATCHED_CHECK_MS, poll.closesAt ?? Number.POSITIVE_INFINITY);
    }
    const { after } = await this.closePoll.execute(poll.pollId, { by: 'schedule' });
    const { poll: audited, audit } = await this.auditPoll.execute(after);
    this.onAudit(poll.pollId, audit);
    return audited.audit ? undefined : now + UNFINISHED_MS;
  }

  /** Checks the tally if that is due. @returns when its last check began, which may have been by somebody who looked at it */
  private async checkedAt(poll: Poll): Promise<number> {
    const { check } = await this.checkTally.ifDue(poll, await this.tallies.get(poll.pollId), UNWATCHED_CHECK_MS);
    return check?.startedAt ?? poll.createdAt;
  }
}
