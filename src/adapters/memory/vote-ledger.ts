import type { Ballot } from '../../domain/votes/ballot.ts';
import { type FeedbackChange, termsOf } from '../../domain/votes/feedback.ts';
import type { NoticeTerms } from '../../domain/votes/notice.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import { type ShardImage, UNUSED } from '../../domain/votes/tally.ts';
import type { Random } from '../../ports/system.ts';
import type { BallotCount, RecordOutcome, VoteLedger } from '../../ports/votes.ts';
import { MemoryChangeFeed } from './change-feed.ts';
import { itemOf, partsOf } from './items.ts';
import { type Maps, memoryMaps, type PartitionedMap } from './maps.ts';

/** There may be millions of them: what the keys say is not said again. */
type StoredBallot = Omit<Ballot, 'pollId' | 'ballotId'> & { readonly terms?: NoticeTerms };

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
    /** Of the votes in polls whose feedback somebody is told of. */
    private readonly feedback = new MemoryChangeFeed<FeedbackChange>(),
  ) {
    this.ballots = maps.partitioned('ballots');
    this.voters = maps.partitioned('voters');
    this.shards = maps.partitioned('shards');
    this.messages = maps.partitioned('messages');
    feed.readBy((item) => this.shards.get(...partsOf(item)) as ShardImage);
    feedback.readBy((item) => {
      const [pollId, ballotId] = partsOf(item);
      const { terms, acceptedAt } = this.ballots.get(pollId, ballotId) as Required<StoredBallot>;
      return { kind: 'ballot', pollId, ballotId, terms, region: this.region, acceptedAt };
    });
  }

  async record(poll: Poll, ballot: Ballot, message?: string): Promise<RecordOutcome> {
    const { pollId } = poll;
    const { ballotId, pollId: _, ...stored } = ballot;
    const first = this.ballots.get(pollId, ballotId);
    if (first) return { kind: 'repeated', ballot: ballotOf(pollId, ballotId, first) };
    const countedIn = message === undefined ? undefined : this.messages.get('', message);
    if (countedIn !== undefined) return { kind: 'message-counted', pollId: countedIn };
    const shard = this.shard(poll, Math.floor(this.random.next() * poll.shards));
    if (shard.closed > 0) return { kind: 'closed' };
    if (poll.voterLimit === 'one' && ballot.voter !== undefined) {
      if (this.voters.get(pollId, ballot.voter)) return { kind: 'already-voted' };
      this.voters.set(pollId, ballot.voter, true);
    }
    const terms = termsOf(poll);
    this.ballots.set(pollId, ballotId, terms ? { ...stored, terms } : stored);
    if (terms) this.feedback.append(itemOf(pollId, ballotId));
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
    return stored && ballotOf(pollId, ballotId, stored);
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
    this.feed.append(itemOf(image.pollId, `${image.shard}`));
  }
}

const ballotOf = (pollId: string, ballotId: string, { terms: _, ...stored }: StoredBallot): Ballot => ({
  pollId,
  ballotId,
  ...stored,
});
