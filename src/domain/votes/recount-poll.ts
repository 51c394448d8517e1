import type { Clock } from '../../ports/system.ts';
import type { PollStore, TallyStore, VoteLedger } from '../../ports/votes.ts';
import { pagesOf } from '../shared/page.ts';
import type { AuditPoll } from './audit-poll.ts';
import { changeTally } from './change-tally.ts';
import { pollClosed } from './errors.ts';
import { existingPoll } from './find-polls.ts';
import { isReadOnly, type Poll } from './poll.ts';
import {
  ballotsIn,
  emptyTally,
  isAtLeast,
  marksOf,
  mergeImages,
  mergeMarks,
  regionsIn,
  risenSince,
  sameMarks,
  type Tally,
  totalsOf,
} from './tally.ts';

export interface Recount {
  readonly before: number;
  readonly after: number;
  /** After minus before; anything but 0 on a quiet poll means that the tally was wrong. */
  readonly drift: number;
}

export class RecountPoll {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly tallies: TallyStore,
    private readonly auditPoll: AuditPoll,
    private readonly clock: Clock,
  ) {}

  /**
   * Replaces the tally's high-water marks by what the shards hold, if they differ: the only way in which a count can fall.
   * Poll and shards are read after the tally, so they hold every shard and every vote that a correct tally holds. A poll
   * whose count is final is audited again if its tally changed.
   *
   *     recount:  read tally v5 ─ read shards ─ put v6 if still v5 ─ refused ─ read v6 ─ put v7 if still v6
   *     a fold:                     put v6 ┘
   *
   * 1. A mark that a fold raised meanwhile is newer than the shards as read, so it is kept. Starting over instead would
   *    never end while votes pour in.
   * 2. A vote counted below a mark that was too high raised nothing. So where the recount lowers a mark, it reads the
   *    shards again:
   *
   *     recount:  read tally 100 ─ read shard 10 ─────────────────────────── put 10 ─ read shard 11 ─ fold 11
   *     a vote:                            shard 11 ─ fold 11 under 100: nothing new ┘
   *
   * 3. If a check completed the tally meanwhile, the shards are read again: an earlier read lacks votes that the tally has
   *    been declared complete with.
   *
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `VOTES_POLL_CLOSED` (a poll of the first release), `STORE_UNAVAILABLE`;
   * recounting again is safe
   */
  async execute(pollId: string): Promise<Recount> {
    const first = (await this.tallies.get(pollId)) ?? emptyTally(pollId);
    const poll = await existingPoll(this.polls, pollId);
    if (isReadOnly(poll)) throw pollClosed(pollId);
    const { from, to } = await this.recount(poll, first);
    // Also after an earlier recount that was interrupted before its audit.
    if (poll.audit && poll.audit.tally !== totalsOf(to.marks, 0, this.ledger.region).ballots)
      await this.auditPoll.execute(poll);
    return recountOf(from, to);
  }

  private async recount(poll: Poll, first: Tally): Promise<{ readonly from: Tally; readonly to: Tally }> {
    const regions = regionsIn(first.marks).map(({ region }) => region);
    const read = async (base: Tally) => {
      const readAfter = this.clock.earliest();
      const current = (await this.polls.get(poll.pollId)) ?? poll;
      return { base, readAfter, images: await this.ledger.readShards(current, regions) };
    };
    let reading = await read(first);
    const { before, after } = await changeTally(
      this.tallies,
      poll.pollId,
      async (tally) => {
        if (tally.completeUpTo > Math.max(reading.base.completeUpTo, reading.readAfter)) reading = await read(tally);
        const { base, readAfter, images } = reading;
        const marks = mergeMarks(marksOf(images), risenSince(base.marks, tally.marks));
        if (sameMarks(marks, tally.marks)) return tally;
        const completeUpTo = Math.max(tally.completeUpTo, readAfter);
        return { ...tally, version: tally.version + 1, revision: tally.revision + 1, marks, completeUpTo };
      },
      first,
    );
    const isLowered = !isAtLeast(after.marks, reading.base.marks);
    // The lowered tally was stored by another recount, or by an attempt whose answer was lost.
    const from = before === after && isLowered ? reading.base : before;
    if (!isLowered) return { from, to: after };
    const { images } = await read(after);
    const folded = await changeTally(this.tallies, poll.pollId, (tally) =>
      mergeImages(tally, images, this.clock.now()),
    );
    return { from, to: folded.after };
  }

  /**
   * Recounts every poll whose count is not final, after changes of shards may have been lost. A poll
   * that fails does not stop the others.
   *
   * @param onRecount called with each recounted poll
   * @throws AggregateError with what went wrong; DomainError `STORE_UNAVAILABLE`; recounting again is safe
   */
  async all(onRecount: (pollId: string, recount: Recount) => void): Promise<void> {
    const failures: unknown[] = [];
    for await (const polls of pagesOf((cursor) => this.polls.list({ limit: 100, cursor })))
      for (const poll of polls) {
        if (isReadOnly(poll) || poll.audit) continue;
        try {
          onRecount(poll.pollId, await this.execute(poll.pollId));
        } catch (error) {
          failures.push(error);
        }
      }
    if (failures.length > 0) throw new AggregateError(failures, 'Some polls could not be recounted');
  }
}

function recountOf(from: Tally, recounted: Tally): Recount {
  const [before, after] = [ballotsIn(from.marks), ballotsIn(recounted.marks)];
  return { before, after, drift: after - before };
}
