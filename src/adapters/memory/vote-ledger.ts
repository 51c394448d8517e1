import type { Ballot } from '../../domain/votes/ballot.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import { type ShardImage, UNUSED } from '../../domain/votes/tally.ts';
import type { Random } from '../../ports/system.ts';
import type { BallotCount, RecordOutcome, VoteLedger } from '../../ports/votes.ts';
import type { MemoryChangeFeed } from './change-feed.ts';

interface PollEntries {
  readonly ballots: Map<string, Ballot>;
  readonly voters: Set<string>;
  readonly shards: Map<number, ShardImage>;
}

/** Ballots and sharded counters in the same shape as in the real store; each change of a shard goes into the feed. */
export class MemoryVoteLedger implements VoteLedger {
  /** The one region of a store that lives in one process. */
  readonly region = 'local';
  private readonly polls = new Map<string, PollEntries>();
  /** The poll in which each text message was counted. */
  private readonly messages = new Map<string, string>();

  constructor(
    private readonly random: Random,
    private readonly feed: MemoryChangeFeed<ShardImage>,
  ) {}

  async record(poll: Poll, ballot: Ballot, message?: string): Promise<RecordOutcome> {
    const { ballots, voters } = this.entries(poll.pollId);
    const first = ballots.get(ballot.ballotId);
    if (first) return { kind: 'repeated', ballot: first };
    const countedIn = message === undefined ? undefined : this.messages.get(message);
    if (countedIn !== undefined) return { kind: 'message-counted', pollId: countedIn };
    const shard = this.shard(poll, Math.floor(this.random.next() * poll.shards));
    if (shard.closed > 0) return { kind: 'closed' };
    if (poll.voterLimit === 'one' && ballot.voter !== undefined) {
      if (voters.has(ballot.voter)) return { kind: 'already-voted' };
      voters.add(ballot.voter);
    }
    ballots.set(ballot.ballotId, ballot);
    if (message !== undefined) this.messages.set(message, poll.pollId);
    const votes = [...shard.votes];
    for (const choice of ballot.choices) {
      while (votes.length <= choice) votes.push(0);
      votes[choice] = (votes[choice] as number) + 1;
    }
    this.keep({
      ...shard,
      votes,
      ballots: shard.ballots + 1,
      lastVoteAt: Math.max(shard.lastVoteAt, ballot.acceptedAt),
    });
    return { kind: 'counted' };
  }

  async find(pollId: string, ballotId: string): Promise<Ballot | undefined> {
    return this.polls.get(pollId)?.ballots.get(ballotId);
  }

  async findMessage(message: string): Promise<string | undefined> {
    return this.messages.get(message);
  }

  async closeShards(poll: Poll): Promise<void> {
    for (let number = 0; number < poll.shards; number++) {
      const shard = this.shard(poll, number);
      if (shard.closed === 0) this.keep({ ...shard, closed: poll.shards });
    }
  }

  async readShards({ pollId }: Poll): Promise<readonly ShardImage[]> {
    return [...this.entries(pollId).shards.values()];
  }

  async countBallots({ pollId }: Poll): Promise<BallotCount> {
    return { ballots: this.polls.get(pollId)?.ballots.size ?? 0, doubleVoters: 0 };
  }

  private shard({ pollId }: Poll, shard: number): ShardImage {
    const none = { pollId, region: this.region, shard, ...UNUSED, lastVoteAt: 0 };
    return this.entries(pollId).shards.get(shard) ?? none;
  }

  private keep(image: ShardImage): void {
    this.entries(image.pollId).shards.set(image.shard, image);
    this.feed.append(image);
  }

  private entries(pollId: string): PollEntries {
    let entries = this.polls.get(pollId);
    if (!entries) {
      entries = { ballots: new Map(), voters: new Set(), shards: new Map() };
      this.polls.set(pollId, entries);
    }
    return entries;
  }
}
