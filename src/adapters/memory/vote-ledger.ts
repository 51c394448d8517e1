import type { Ballot } from '../../domain/votes/ballot.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import { type ShardImage, UNUSED } from '../../domain/votes/tally.ts';
import type { Random } from '../../ports/system.ts';
import type { BallotCount, RecordOutcome, VoteLedger } from '../../ports/votes.ts';
import type { MemoryChangeFeed } from './change-feed.ts';
import { type Maps, memoryMaps, type PartitionedMap } from './maps.ts';

/** There may be millions of them: what the keys say is not said again. */
type StoredBallot = Omit<Ballot, 'pollId' | 'ballotId'>;

/** Ballots and sharded counters in the same shape as in the real store; each change of a shard goes into the feed. */
export class MemoryVoteLedger implements VoteLedger {
  /** The one region of a store that lives in one process. */
  readonly region = 'local';
  /** By poll, as are voters and shards. */
  private readonly ballots: PartitionedMap<StoredBallot>;
  private readonly voters: PartitionedMap<true>;
  private readonly shards: PartitionedMap<ShardImage>;
  /** The poll in which each text message was counted. */
  private readonly messages: PartitionedMap<string>;

  constructor(
    private readonly random: Random,
    private readonly feed: MemoryChangeFeed<ShardImage>,
    maps: Maps = memoryMaps,
  ) {
    this.ballots = maps.partitioned('ballots');
    this.voters = maps.partitioned('voters');
    this.shards = maps.partitioned('shards');
    this.messages = maps.partitioned('messages');
    feed.readBy((item) => this.shards.get(...partsOf(item)) as ShardImage);
  }

  async record(poll: Poll, ballot: Ballot, message?: string): Promise<RecordOutcome> {
    const { pollId } = poll;
    const { ballotId, pollId: _, ...stored } = ballot;
    const first = this.ballots.get(pollId, ballotId);
    if (first) return { kind: 'repeated', ballot: { pollId, ballotId, ...first } };
    const countedIn = message === undefined ? undefined : this.messages.get('', message);
    if (countedIn !== undefined) return { kind: 'message-counted', pollId: countedIn };
    const shard = this.shard(poll, Math.floor(this.random.next() * poll.shards));
    if (shard.closed > 0) return { kind: 'closed' };
    if (poll.voterLimit === 'one' && ballot.voter !== undefined) {
      if (this.voters.get(pollId, ballot.voter)) return { kind: 'already-voted' };
      this.voters.set(pollId, ballot.voter, true);
    }
    this.ballots.set(pollId, ballotId, stored);
    if (message !== undefined) this.messages.set('', message, pollId);
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
    const stored = this.ballots.get(pollId, ballotId);
    return stored && { pollId, ballotId, ...stored };
  }

  async findMessage(message: string): Promise<string | undefined> {
    return this.messages.get('', message);
  }

  async closeShards(poll: Poll): Promise<void> {
    for (let number = 0; number < poll.shards; number++) {
      const shard = this.shard(poll, number);
      if (shard.closed === 0) this.keep({ ...shard, closed: poll.shards });
    }
  }

  async readShards({ pollId }: Poll): Promise<readonly ShardImage[]> {
    return this.shards.values(pollId);
  }

  async countBallots({ pollId }: Poll): Promise<BallotCount> {
    return { ballots: this.ballots.count(pollId), doubleVoters: 0 };
  }

  private shard({ pollId }: Poll, shard: number): ShardImage {
    const none = { pollId, region: this.region, shard, ...UNUSED, lastVoteAt: 0 };
    return this.shards.get(pollId, `${shard}`) ?? none;
  }

  private keep(image: ShardImage): void {
    this.shards.set(image.pollId, `${image.shard}`, image);
    this.feed.append(`${image.pollId}#${image.shard}`);
  }
}

/** The poll and the shard in the name of an item. */
function partsOf(item: string): [pollId: string, shard: string] {
  const end = item.lastIndexOf('#');
  return [item.slice(0, end), item.slice(end + 1)];
}
