import type { TallyStore, VoteLedger } from '../../ports/votes.ts';
import type { FoldShards } from './fold-shards.ts';
import type { Poll } from './poll.ts';
import { marksOf, regionsIn, totalVotes } from './tally.ts';

/** Three counts of one poll that must agree once it is closed. */
export interface Audit {
  readonly ballots: number;
  readonly shards: number;
  readonly tally: number;
  /** Tally minus ballots: above 0 votes were counted twice, below 0 some are missing. */
  readonly drift: number;
}

export class AuditPoll {
  constructor(
    private readonly ledger: VoteLedger,
    private readonly tallies: TallyStore,
    private readonly foldShards: FoldShards,
  ) {}

  /**
   * Counts ballots, shards and tally of a closed poll. The shards are folded on the way, so that the tally does not
   * wait for the change feed; a tally that is too high stays too high and shows as drift.
   *
   * @throws DomainError `STORE_UNAVAILABLE`
   */
  async execute(poll: Poll): Promise<Audit> {
    const seen = await this.tallies.get(poll.pollId);
    const images = await this.ledger.readShards(poll, regionsIn(seen?.marks ?? new Map()));
    const [ballots, tally] = await Promise.all([
      this.ledger.countBallots(poll.pollId),
      this.foldShards.foldPoll(poll.pollId, images),
    ]);
    const counted = totalVotes(tally.marks);
    return { ballots, shards: totalVotes(marksOf(images)), tally: counted, drift: counted - ballots };
  }
}
