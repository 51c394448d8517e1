import type { PollStore, TallyStore, VoteLedger } from '../../ports/votes.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { existingPoll } from './find-polls.ts';
import { emptyTally, marksOf, regionsIn, totalVotes } from './tally.ts';

export interface Recount {
  readonly before: number;
  readonly after: number;
  /** After minus before; anything but 0 on a quiet poll means that the tally was wrong. */
  readonly drift: number;
}

const MAX_ATTEMPTS = 20;

export class RecountPoll {
  constructor(
    private readonly polls: PollStore,
    private readonly ledger: VoteLedger,
    private readonly tallies: TallyStore,
  ) {}

  /**
   * Replaces the tally's marks by what the shards hold: the only way in which a count can fall.
   *
   *     recount:  read tally r5 ─ read shards ─ put r6 if still r5 ─ refused ─ again from the start
   *     a fold:                     put r6 ┘
   *
   * The shards are read after the tally, so they hold at least what an honest tally at that revision holds.
   *
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE`
   */
  async execute(pollId: string): Promise<Recount> {
    const poll = await existingPoll(this.polls, pollId);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const tally = (await this.tallies.get(pollId)) ?? emptyTally(pollId);
      const marks = marksOf(await this.ledger.readShards(poll, regionsIn(tally.marks)));
      if (await this.tallies.put({ ...tally, marks, revision: tally.revision + 1 }, tally.revision)) {
        const [before, after] = [totalVotes(tally.marks), totalVotes(marks)];
        return { before, after, drift: after - before };
      }
    }
    throw storeUnavailable(new Error(`The tally of poll ${pollId} changed ${MAX_ATTEMPTS} times under a recount`));
  }

  /** Recounts every poll, after changes of shards may have been lost. */
  async all(): Promise<void> {
    let cursor: string | undefined;
    do {
      const { items, nextCursor } = await this.polls.list({ limit: 100, cursor });
      for (const { pollId } of items) await this.execute(pollId);
      cursor = nextCursor;
    } while (cursor !== undefined);
  }
}
