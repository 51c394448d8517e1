import type { Ballot } from '../../domain/votes/ballot.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import { type ShardImage, shardKey } from '../../domain/votes/tally.ts';
import type { Random } from '../../ports/system.ts';
import type { RecordOutcome, VoteLedger } from '../../ports/votes.ts';
import type { MemoryChangeFeed } from './change-feed.ts';

interface PollEntries {
  readonly ballots: Map<string, Ballot>;
  readonly voters: Set<string>;
  readonly shards: Map<string, ShardImage & { readonly closed: boolean }>;
}

/** The one region of a store that lives in one process. */
const REGION = 'local';

/** Ballots and sharded counters in the same shape as in the real store; each change of a shard goes into the feed. */
export class MemoryVoteLedger implements VoteLedger {
  private readonly polls = new Map<string, PollEntries>();

  constructor(
    private readonly random: Random,
    private readonly feed: MemoryChangeFeed<ShardImage>,
  ) {}

  async record(poll: Poll, ballot: Ballot): Promise<RecordOutcome> {
    const { ballots, voters, shards } = this.entries(poll.pollId);
    const first = ballots.get(ballot.voteId);
    if (first) return { kind: 'repeated', ballot: first };
    const name = { choice: ballot.choice, region: REGION, shard: Math.floor(this.random.next() * poll.shards) };
    const shard = shards.get(shardKey(name));
    if (shard?.closed) return { kind: 'closed' };
    if (poll.voterLimit === 'one' && ballot.voter !== undefined) {
      if (voters.has(ballot.voter)) return { kind: 'already-voted' };
      voters.add(ballot.voter);
    }
    ballots.set(ballot.voteId, ballot);
    const image = {
      ...name,
      pollId: poll.pollId,
      votes: (shard?.votes ?? 0) + 1,
      lastVoteAt: Math.max(shard?.lastVoteAt ?? 0, ballot.acceptedAt),
    };
    shards.set(shardKey(name), { ...image, closed: false });
    this.feed.append(image);
    return { kind: 'counted' };
  }

  async find(pollId: string, voteId: string): Promise<Ballot | undefined> {
    return this.polls.get(pollId)?.ballots.get(voteId);
  }

  async closeShards(poll: Poll): Promise<void> {
    const { shards } = this.entries(poll.pollId);
    for (let choice = 0; choice < poll.choices.length; choice++)
      for (let shard = 0; shard < poll.shards; shard++) {
        const name = { choice, region: REGION, shard };
        const image = shards.get(shardKey(name)) ?? { ...name, pollId: poll.pollId, votes: 0, lastVoteAt: 0 };
        shards.set(shardKey(name), { ...image, closed: true });
      }
  }

  async readShards(poll: Poll): Promise<readonly ShardImage[]> {
    return [...this.entries(poll.pollId).shards.values()].map(({ closed: _, ...image }) => image);
  }

  async countBallots(pollId: string): Promise<number> {
    return this.polls.get(pollId)?.ballots.size ?? 0;
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
