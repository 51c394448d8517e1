import type { PollStore, TallyStore, VoteLedger } from '../../ports/votes.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { pagesOf } from '../shared/page.ts';
import { existingPoll } from './find-polls.ts';
import type { FoldShards } from './fold-shards.ts';
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
    private readonly foldShards: FoldShards,
  ) {}

  /**
   * Replaces the tally's marks by what the shards hold, if they differ: the only way in which a count can fall. The
   * shards are read after the tally, so they hold at least what an honest tally at that revision holds; and the poll is
   * too, so it has every shard that is in the tally.
   *
   *     recount:  read tally r5 ─ read shards ─ put r6 if still r5 ─ refused ─ read r6 ─ put r7 if still r6
   *     a fold:                     put r6 ┘
   *
   * What a fold raised meanwhile is newer than the first reading, so it is kept: a recount that starts again from
   * nothing would never end while votes pour in. A vote that came under a mark which was too high raised nothing, so
   * where a mark was lowered the shards are read once more:
   *
   *     recount:  read tally 100 ─ read shard 10 ─────────────────────────── put 10 ─ read shard 11 ─ fold 11
   *     a vote:                            shard 11 ─ fold 11 under 100: nothing new ┘
   *
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE`; recounting again is safe
   */
  async execute(pollId: string): Promise<Recount> {
    const first = await this.read(pollId);
    const poll = await existingPoll(this.polls, pollId);
    const readShards = () => this.ledger.readShards(poll, regionsIn(first.marks));
    const counted = marksOf(await readShards());
    let tally = first;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const raised = [...tally.marks].filter(([key, votes]) => votes > (first.marks.get(key) ?? 0));
      const next = { ...tally, marks: mergeMarks(counted, raised), revision: tally.revision + 1 };
      const isStored = sameMarks(next.marks, tally.marks);
      if (isStored || (await this.tallies.put(next, tally.revision))) {
        const isLowered = [...first.marks].some(([key, votes]) => votes > (next.marks.get(key) ?? 0));
        // What is stored without this attempt was stored by another recount, or by an attempt whose answer was lost.
        const before = isStored && isLowered ? first : tally;
        return recountOf(before, isLowered ? await this.foldShards.foldPoll(pollId, await readShards()) : next);
      }
      tally = await this.read(pollId);
    }
    throw storeUnavailable(new Error(`The tally of poll ${pollId} changed ${MAX_ATTEMPTS} times under a recount`));
  }

  /**
   * Recounts every poll, after changes of shards may have been lost. One that fails keeps no other from being recounted.
   *
   * @param onRecount told of each poll that was recounted
   * @throws AggregateError with what went wrong; DomainError `STORE_UNAVAILABLE`; recounting again is safe
   */
  async all(onRecount: (pollId: string, recount: Recount) => void): Promise<void> {
    const failures: unknown[] = [];
    for await (const polls of pagesOf((cursor) => this.polls.list({ limit: 100, cursor })))
      for (const { pollId } of polls)
        try {
          onRecount(pollId, await this.execute(pollId));
        } catch (error) {
          failures.push(error);
        }
    if (failures.length > 0) throw new AggregateError(failures, 'Some polls could not be recounted');
  }

  private async read(pollId: string): Promise<Tally> {
    return (await this.tallies.get(pollId)) ?? emptyTally(pollId);
  }
}

function recountOf(tally: Tally, recounted: Tally): Recount {
  const [before, after] = [totalVotes(tally.marks), totalVotes(recounted.marks)];
  return { before, after, drift: after - before };
}
