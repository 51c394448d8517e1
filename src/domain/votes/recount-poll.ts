import type { PollStore, TallyStore, VoteLedger } from '../../ports/votes.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { pagesOf } from '../shared/page.ts';
import { existingPoll } from './find-polls.ts';
import { emptyTally, marksOf, mergeMarks, regionsIn, sameMarks, type Tally, totalVotes } from './tally.ts';

export interface Recount {
  readonly before: number;
  readonly after: number;
  /** After minus before; anything but 0 on a quiet poll means that the tally was wrong. */
  readonly drift: number;
}

/** Each lost race means that a fold succeeded, so this many in a row are a sign of trouble, not of traffic. */
const MAX_ATTEMPTS = 20;

export class RecountPoll {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly tallies: TallyStore,
  ) {}

  /**
   * Replaces the tally's marks by what the shards hold, if they differ: the only way in which a count can fall. The shards are read
   * after the tally, so they hold at least what an honest tally at that revision holds.
   *
   *     recount:  read tally r5 ─ read shards ─ put r6 if still r5 ─ refused ─ read r6 ─ put r7 if still r6
   *     a fold:                     put r6 ┘
   *
   * What a fold raised meanwhile is newer than the first reading, so it is kept and the shards need no second reading:
   * a recount that starts again from nothing would never end while votes pour in.
   *
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE`
   */
  async execute(pollId: string): Promise<Recount> {
    const poll = await existingPoll(this.polls, pollId);
    const first = await this.read(pollId);
    const counted = marksOf(await this.ledger.readShards(poll, regionsIn(first.marks)));
    let tally = first;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const raised = [...tally.marks].filter(([key, votes]) => votes > (first.marks.get(key) ?? 0));
      const marks = mergeMarks(counted, raised);
      const next = { ...tally, marks, revision: tally.revision + 1 };
      if (sameMarks(marks, tally.marks) || (await this.tallies.put(next, tally.revision))) {
        const [before, after] = [totalVotes(tally.marks), totalVotes(marks)];
        return { before, after, drift: after - before };
      }
      tally = await this.read(pollId);
    }
    throw storeUnavailable(new Error(`The tally of poll ${pollId} changed ${MAX_ATTEMPTS} times under a recount`));
  }

  /**
   * Recounts every poll, after changes of shards may have been lost.
   *
   * @throws DomainError `STORE_UNAVAILABLE`; recounting again is safe
   */
  async all(): Promise<void> {
    for await (const polls of pagesOf((cursor) => this.polls.list({ limit: 100, cursor })))
      for (const { pollId } of polls) await this.execute(pollId);
  }

  private async read(pollId: string): Promise<Tally> {
    return (await this.tallies.get(pollId)) ?? emptyTally(pollId);
  }
}
