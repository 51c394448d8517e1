import type { Clock } from '../../ports/system.ts';
import type { PollStore, TallyStore } from '../../ports/votes.ts';
import type { CheckTally } from './check-tally.ts';
import { existingPoll } from './find-polls.ts';
import { isFinal, isReadOnly, type Poll, type PollStatus, pollStatus } from './poll.ts';
import {
  checkIntervalMs,
  countersIn,
  emptyTally,
  type RegionState,
  regionsIn,
  staleAfterMs,
  type Tally,
  totalsOf,
} from './tally.ts';

/** Results of a poll as the tally has them. */
export interface Results {
  readonly pollId: string;
  /** Of the poll, epoch ms: tells apart two polls of one id in a store that began anew. */
  readonly createdAt: number;
  readonly status: PollStatus;
  /** Whether the poll hides its figures, but for the number of ballots: see {@link concealed}. */
  readonly hidden: boolean;
  readonly total: number | null;
  /** In the poll's order; `share` is the fraction of the total, rounded to 4 decimals, 0 at total 0. */
  readonly choices: readonly {
    readonly choice: string;
    readonly votes: number | null;
    readonly share: number | null;
  }[];
  readonly ballots: number;
  /** Rises with every change of the tally. */
  readonly revision: number | null;
  /** When the tally was read, epoch ms. */
  readonly asOf: number;
  /** How long the newest vote in the tally took from its shard to the tally, ms. */
  readonly lagMs: number | null;
  /** Every vote that was answered before this time is counted, epoch ms. Never falls. */
  readonly completeUpTo: number;
  readonly staleAfterSeconds: number;
  /** Whether `completeUpTo` is older than that while votes may come. */
  readonly stale: boolean;
  /** Whether no vote can come any more, all are counted and the audit is made. */
  readonly final: boolean;
  /** The regions of a poll that has several. */
  readonly regions?: readonly RegionState[];
}

export class ReadResults {
  constructor(
    private readonly polls: PollStore,
    private readonly tallies: TallyStore,
    private readonly checkTally: CheckTally,
    private readonly clock: Clock,
  ) {}

  /**
   * Current results. Checks a tally whose last check is too long ago; if that fails, the results say up to when they are
   * complete.
   *
   * @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE`
   */
  async execute(pollId: string): Promise<Results> {
    const [poll, read] = await Promise.all([existingPoll(this.polls, pollId), this.tallies.get(pollId)]);
    // The count may become final between the two reads; the final tally is stored before the poll says so.
    let tally = (isFinal(poll, this.clock.now()) ? await this.tallies.get(pollId) : read) ?? emptyTally(pollId);
    let asOf = this.clock.now();
    if (mayChange(poll, asOf) && !isReadOnly(poll))
      try {
        tally = await this.checkTally.ifDue(poll, tally, checkIntervalMs(countersOf(poll, tally)));
        asOf = this.clock.now();
      } catch {
        // The tally as read is still valid, and says up to when it is complete.
      }
    return aged(resultsOf(poll, tally, asOf), this.clock.now());
  }
}

const countersOf = ({ shards }: Poll, { marks }: Tally): number => Math.max(shards, countersIn(marks));

/** No vote can come before the opening, and none is missing once the count is final. */
const mayChange = (poll: Poll, at: number): boolean => pollStatus(poll, at) !== 'scheduled' && !isFinal(poll, at);

/** Results for readers without a key: while the poll hides them, all numbers but `ballots` are null. */
export function concealed(results: Results): Results {
  if (!results.hidden) return results;
  const choices = results.choices.map(({ choice }) => ({ choice, votes: null, share: null }));
  return { ...results, total: null, choices, revision: null, lagMs: null };
}

/** Results that were read a while ago, as they may be shown at a moment (epoch ms): they may be stale by now. */
export function aged(results: Results, now: number): Results {
  const mayChange = results.status !== 'scheduled' && !results.final;
  const stale = mayChange && now - results.completeUpTo > results.staleAfterSeconds * 1_000;
  return stale === results.stale ? results : { ...results, stale };
}

/** The results of a tally at a moment (epoch ms). */
export function resultsOf(poll: Poll, tally: Tally, asOf: number): Results {
  const status = pollStatus(poll, asOf);
  const final = isFinal(poll, asOf);
  const { votes, ballots } = totalsOf(tally.marks, poll.choices.length);
  const total = votes.reduce((sum, count) => sum + count, 0);
  const share = (count: number): number => (ballots === 0 ? 0 : Math.round((count / ballots) * 10_000) / 10_000);
  const completeUpTo = Math.max(tally.completeUpTo, poll.emptyUpTo ?? poll.createdAt);
  const staleMs = staleAfterMs(countersOf(poll, tally));
  const regions = regionsIn(tally.marks);
  const results: Results = {
    pollId: poll.pollId,
    createdAt: poll.createdAt,
    status,
    asOf,
    hidden: poll.hideUntilClose && !final,
    total,
    choices: poll.choices.map((choice, index) => ({
      choice,
      votes: votes[index] as number,
      share: share(votes[index] as number),
    })),
    ballots,
    revision: tally.revision,
    lagMs: tally.lagMs,
    completeUpTo,
    staleAfterSeconds: staleMs / 1_000,
    stale: false,
    final,
    ...(regions.length > 1 ? { regions } : {}),
  };
  return aged(results, asOf);
}
