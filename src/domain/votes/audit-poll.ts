import type { Clock } from '../../ports/system.ts';
import type { PollStore, TallyStore, VoteLedger } from '../../ports/votes.ts';
import type { CheckTally } from './check-tally.ts';
import type { Audit, Poll } from './poll.ts';
import { marksOf, regionsIn, totalsOf } from './tally.ts';

export class AuditPoll {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly tallies: TallyStore,
    private readonly checkTally: CheckTally,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts ballots, shards and tally of a poll whose shards are closed. The shards are folded on the way, so that the
   * tally does not wait for the change stream; a tally that is too high stays too high and shows as drift. Once every
   * region is closed, or given up, the audit is kept with the poll, whose count is then final.
   *
   * @returns the poll afterwards, and its audit
   * @throws DomainError `STORE_UNAVAILABLE`; a repeat resumes the count
   */
  async execute(poll: Poll): Promise<{ readonly poll: Poll; readonly audit: Audit }> {
    const known = regionsIn((await this.tallies.get(poll.pollId))?.marks ?? new Map()).map(({ region }) => region);
    const count = await this.ledger.countBallots(poll, known);
    // After the count, which may take long, so that the audit includes a recount made meanwhile.
    const { tally, images } = await this.checkTally.execute(poll);
    const regions = regionsIn(tally.marks);
    // A region that appeared meanwhile has voters too.
    if (known.length > 0 && regions.length > known.length) return this.execute(poll);
    const own = this.ledger.region;
    const inTally = totalsOf(tally.marks, 0, own).ballots;
    const audit: Audit = {
      ballots: count.ballots,
      shards: totalsOf(marksOf(images), 0, own).ballots,
      tally: inTally,
      drift: inTally - count.ballots,
      doubleVoters: count.doubleVoters,
      at: this.clock.now(),
      ...(poll.withoutRegions ? { withoutRegions: poll.withoutRegions } : {}),
    };
    const isOver = regions.every(({ region, open }) => !open || poll.withoutRegions?.includes(region));
    return { poll: isOver ? await this.polls.finish(poll.pollId, audit) : poll, audit };
  }
}
