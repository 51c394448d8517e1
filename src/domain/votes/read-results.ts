import type { Clock } from '../../ports/system.ts';
import type { PollStore, TallyStore } from '../../ports/votes.ts';
import { existingPoll } from './find-polls.ts';
import { type Poll, type PollStatus, pollStatus } from './poll.ts';
import { emptyTally, type Tally, votesByChoice } from './tally.ts';

/** Results of a poll as the tally has them. All figures are null while the poll hides them. */
export interface Results {
  readonly pollId: string;
  /** Of the poll, epoch ms: tells apart two polls of one id in a store that began anew. */
  readonly createdAt: number;
  readonly status: PollStatus;
  readonly hidden: boolean;
  readonly total: number | null;
  /** In the poll's order; `share` is the fraction of the total, rounded to 4 decimals, 0 at total 0. */
  readonly choices: readonly {
    readonly choice: string;
    readonly votes: number | null;
    readonly share: number | null;
  }[];
  /** Rises with every change of the tally. */
  readonly revision: number | null;
  /** When the tally was read, epoch ms. */
  readonly asOf: number;
  /** How long the newest vote in the tally took from its shard to the tally, ms. */
  readonly lagMs: number | null;
}

export class ReadResults {
  constructor(
    private readonly polls: PollStore,
    private readonly tallies: TallyStore,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE` */
  async execute(pollId: string): Promise<Results> {
    const [poll, tally] = await Promise.all([existingPoll(this.polls, pollId), this.tallies.get(pollId)]);
    return resultsOf(poll, tally ?? emptyTally(pollId), this.clock.now());
  }
}

/** What may be shown of a tally at a moment (epoch ms). */
export function resultsOf(poll: Poll, tally: Tally, asOf: number): Results {
  const status = pollStatus(poll, asOf);
  const base = { pollId: poll.pollId, createdAt: poll.createdAt, status, asOf };
  if (poll.hideUntilClose && status !== 'closed') {
    const choices = poll.choices.map((choice) => ({ choice, votes: null, share: null }));
    return { ...base, hidden: true, total: null, choices, revision: null, lagMs: null };
  }
  const votes = votesByChoice(tally.marks, poll.choices.length);
  const total = votes.reduce((sum, count) => sum + count, 0);
  return {
    ...base,
    hidden: false,
    total,
    choices: poll.choices.map((choice, index) => ({
      choice,
      votes: votes[index] as number,
      share: total === 0 ? 0 : Math.round(((votes[index] as number) / total) * 10_000) / 10_000,
    })),
    revision: tally.revision,
    lagMs: tally.lagMs,
  };
}
