import type { Clock } from '../../ports/system.ts';
import type { PollStore, TallyStore, VoteLedger } from '../../ports/votes.ts';
import { changeTally } from './change-tally.ts';
import type { Poll } from './poll.ts';
import {
  ballotsIn,
  emptyTally,
  isCheckDue,
  regionsIn,
  type ShardImage,
  type Tally,
  withCheckBegun,
  withCheckDone,
} from './tally.ts';

/** The most that a working change stream lags behind, ms. */
const SURELY_BROUGHT_MS = 5_000;

/** Ballots that a check found missing in a tally although the change stream should have brought them. */
export type OnRepair = (pollId: string, ballots: number) => void;

/**
 * Checks tallies against their shards, so that results are complete up to a known moment with or without a change
 * stream.
 */
export class CheckTally {
  /** @param onRepair called with votes that the change stream left out */
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly tallies: TallyStore,
    private readonly clock: Clock,
    private readonly onRepair: OnRepair,
  ) {}

  /**
   * Checks a tally unless it was checked less than `intervalMs` ago, or is being checked. One process of the fleet does it:
   *
   *     A:  read ─ begin if unchanged ────────── read shards ─ fold, complete up to t
   *     B:    read ─ begin if unchanged ─ refused, A checks it      │
   *     the store's time:                t ──────────────────────┘ every vote answered before t is in the shards
   *
   * @param known the tally as it was read lately
   * @returns the tally afterwards; while another process checks it, the tally as it is so far
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async ifDue(poll: Poll, known: Tally | undefined, intervalMs: number): Promise<Tally> {
    const now = this.clock.now();
    const begin = (tally: Tally) =>
      isCheckDue(tally, poll.createdAt, now, intervalMs) ? withCheckBegun(tally, now) : tally;
    const { before, after } = await changeTally(this.tallies, poll.pollId, begin, known);
    return after === before ? after : (await this.read(poll, after)).tally;
  }

  /**
   * Checks a tally now.
   *
   * @returns the tally afterwards, and the shards as they were read
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async execute(poll: Poll): Promise<{ readonly tally: Tally; readonly images: readonly ShardImage[] }> {
    return this.read(poll, (await this.tallies.get(poll.pollId)) ?? emptyTally(poll.pollId));
  }

  private async read(poll: Poll, known: Tally) {
    const startedAt = this.clock.now();
    // Before the shards are read: what is answered while they are read may be missing.
    const readAfter = this.clock.earliest();
    // The poll too: shards that it was given meanwhile may hold votes that were answered.
    const current = (await this.polls.get(poll.pollId)) ?? poll;
    const regions = regionsIn(known.marks).map(({ region }) => region);
    const images = await this.ledger.readShards(current, regions);
    const { before, after } = await changeTally(
      this.tallies,
      poll.pollId,
      (tally) => withCheckDone(tally, images, startedAt, readAfter, this.clock.now()),
      known,
    );
    this.report(before, after, images, startedAt);
    return { tally: after, images };
  }

  /**
   * A recent vote may still be on its way through the stream. It is reported as late when it is older than the stream's
   * lag, or when the stream has delivered nothing since an earlier check that also found votes missing.
   */
  private report(before: Tally, after: Tally, images: readonly ShardImage[], now: number): void {
    const missing = ballotsIn(after.marks) - ballotsIn(before.marks);
    if (missing <= 0) return;
    const isOld = images.some(
      ({ region, shard, ballots, lastVoteAt }) =>
        ballots > (before.marks.get(region)?.[shard]?.ballots ?? 0) && lastVoteAt < now - SURELY_BROUGHT_MS,
    );
    if (isOld || before.check?.repaired === before.revision) this.onRepair(after.pollId, missing);
  }
}
