import { createHash } from 'node:crypto';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import { type Ballot, sameVote } from '../../domain/votes/ballot.ts';
import type { Poll } from '../../domain/votes/poll.ts';
import { SHARD_VERSION, type ShardImage, type ShardName, shardKey } from '../../domain/votes/tally.ts';
import type { Random } from '../../ports/system.ts';
import type { RecordOutcome, VoteLedger } from '../../ports/votes.ts';
import { batchGet } from './batch-get.ts';
import { concurrently, PARALLEL_REQUESTS } from './concurrently.ts';
import { isAmbiguous, isContention, throwStoreError } from './errors.ts';
import { retry } from './retry.ts';

/** Ballots of a poll lie in this many partitions, fixed for ever: a ballot's id tells where it lies. */
const BUCKETS = 64;

const ballotPartition = (pollId: string, bucket: number): string => `BALLOT#${pollId}#${bucket}`;
const bucketOf = (voteId: string): number => (createHash('sha256').update(voteId).digest()[0] as number) % BUCKETS;
const ballotKey = (pollId: string, voteId: string) => ({ pk: ballotPartition(pollId, bucketOf(voteId)), sk: voteId });
const voterKey = (pollId: string, voter: string) => ({ pk: `VOTER#${pollId}#${voter}`, sk: 'VOTER' });
const shardItemKey = (pollId: string, { choice, region, shard }: ShardName) => ({
  pk: `SHARD#${pollId}#${choice}.${region}#${shard}`,
  sk: 'SHARD',
});

type ShardItem = ShardImage & { readonly closed?: boolean };
type BallotItem = Pick<Ballot, 'choice' | 'voter' | 'acceptedAt'>;

export class DynamoDbVoteLedger implements VoteLedger {
  /** @param region the region that owns the shards to which this ledger adds */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly region: string,
    private readonly random: Random,
  ) {}

  /**
   * Two votes that meet in one shard cannot both commit: the loser moves to another random shard.
   * The SDK repeats a request whose answer was lost with the same token, under which DynamoDB commits it once; when it
   * gives up, the ballot itself tells whether the vote counted.
   */
  async record(poll: Poll, ballot: Ballot): Promise<RecordOutcome> {
    return retry(async () => {
      const shard = Math.floor(this.random.next() * poll.shards);
      const name = { choice: ballot.choice, region: this.region, shard };
      try {
        await this.client.send(new TransactWriteCommand(recordBallot(this.table, poll, ballot, name)));
        return { kind: 'counted' };
      } catch (error) {
        const refusal = refusalIn(error, ballot);
        if (refusal) return refusal;
        if (isAmbiguous(error)) return this.resolve(ballot, error);
        throw error;
      }
    });
  }

  async find(pollId: string, voteId: string): Promise<Ballot | undefined> {
    const Key = ballotKey(pollId, voteId);
    const { Item } = await this.client
      .send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }))
      .catch(throwStoreError);
    return Item && ballotIn(pollId, voteId, Item as BallotItem);
  }

  /** What is marked stays so: a repeat goes on where the one before was held up, and writes nothing that is there. */
  async closeShards(poll: Poll): Promise<void> {
    const names = shardNames(poll, [this.region]);
    const marked = new Set((await this.readItems(poll, names)).filter(({ closed }) => closed).map(shardKey));
    const unmarked = names.filter((name) => !marked.has(shardKey(name)));
    await concurrently(PARALLEL_REQUESTS, unmarked, (name) =>
      retry(() => this.client.send(new UpdateCommand(closeShard(this.table, poll.pollId, name)))),
    );
  }

  async readShards(poll: Poll, regions: readonly string[]): Promise<readonly ShardImage[]> {
    const items = await this.readItems(poll, shardNames(poll, [this.region, ...regions]));
    return items.map(({ pollId, choice, region, shard, votes, lastVoteAt }) => ({
      pollId,
      choice,
      region,
      shard,
      votes,
      lastVoteAt,
    }));
  }

  async countBallots(pollId: string): Promise<number> {
    const buckets = Array.from({ length: BUCKETS }, (_, bucket) => bucket);
    const counts = await concurrently(PARALLEL_REQUESTS, buckets, (bucket) => this.countBucket(pollId, bucket));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  private async readItems({ pollId }: Poll, names: readonly ShardName[]): Promise<readonly ShardItem[]> {
    const keys = names.map((name) => shardItemKey(pollId, name));
    return (await batchGet(this.client, this.table, keys)) as unknown as ShardItem[];
  }

  /** After an answer that never came: a ballot that is there counted, and it is ours if it says what ours says. */
  private async resolve(ballot: Ballot, cause: unknown): Promise<RecordOutcome> {
    const stored = await this.find(ballot.pollId, ballot.voteId);
    if (!stored) throw storeUnavailable(cause);
    const isOurs = sameVote(stored, ballot) && stored.acceptedAt === ballot.acceptedAt;
    return isOurs ? { kind: 'counted' } : { kind: 'repeated', ballot: stored };
  }

  private async countBucket(pollId: string, bucket: number): Promise<number> {
    let count = 0;
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const query = countBallots(this.table, pollId, bucket, ExclusiveStartKey);
      const page = await retry(() => this.client.send(new QueryCommand(query)));
      count += page.Count ?? 0;
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return count;
  }
}

const shardNames = ({ choices, shards }: Poll, regions: readonly string[]): ShardName[] =>
  [...new Set(regions)].flatMap((region) =>
    choices.flatMap((_, choice) => Array.from({ length: shards }, (_, shard) => ({ choice, region, shard }))),
  );

const ballotIn = (pollId: string, voteId: string, { choice, voter, acceptedAt }: BallotItem): Ballot => ({
  pollId,
  voteId,
  choice,
  voter,
  acceptedAt,
});

/**
 * The vote: its ballot, its count and, where a voter has one vote, the voter; all or none. 4 write units, 6 with a voter.
 *
 *     copy 1:  put ballot if new ─ add 1 ─ commit
 *     copy 2:                              put ballot if new ─ refused, with the first ballot
 *     close:             poll marked ─ shard marked ─ counted
 *     vote:   poll open ───────────────────────────── add 1 if the shard is unmarked ─ refused
 */
export function recordBallot(table: string, poll: Poll, ballot: Ballot, name: ShardName): TransactWriteCommandInput {
  const isNew = 'attribute_not_exists(pk)';
  const shardIsUnmarked = 'attribute_not_exists(closed)';
  const { pollId, voteId, choice, voter, acceptedAt } = ballot;
  return {
    TransactItems: [
      {
        Put: {
          TableName: table,
          Item: { ...ballotKey(pollId, voteId), choice, voter, acceptedAt },
          ConditionExpression: isNew,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
      {
        Update: {
          TableName: table,
          Key: shardItemKey(pollId, name),
          UpdateExpression: `SET ${shardFields}, lastVoteAt = :acceptedAt ADD votes :one`,
          ConditionExpression: shardIsUnmarked,
          ExpressionAttributeNames: shardFieldNames,
          ExpressionAttributeValues: { ...shardFieldValues(pollId, name), ':acceptedAt': acceptedAt, ':one': 1 },
        },
      },
      ...(poll.voterLimit === 'one' && voter !== undefined
        ? [{ Put: { TableName: table, Item: { ...voterKey(pollId, voter), voteId }, ConditionExpression: isNew } }]
        : []),
    ],
  };
}

/** Marks a shard; one without a vote is created, so that no vote can create it unmarked. */
export const closeShard = (table: string, pollId: string, name: ShardName): UpdateCommandInput => ({
  TableName: table,
  Key: shardItemKey(pollId, name),
  UpdateExpression: `SET ${shardFields}, closed = :closed, votes = if_not_exists(votes, :none), lastVoteAt = if_not_exists(lastVoteAt, :none)`,
  ExpressionAttributeNames: shardFieldNames,
  ExpressionAttributeValues: { ...shardFieldValues(pollId, name), ':closed': true, ':none': 0 },
});

/** A page of the ballots in a bucket: their number alone, since a poll may have millions. */
export const countBallots = (
  table: string,
  pollId: string,
  bucket: number,
  ExclusiveStartKey?: Record<string, unknown>,
): QueryCommandInput => ({
  TableName: table,
  KeyConditionExpression: 'pk = :bucket',
  ExpressionAttributeValues: { ':bucket': ballotPartition(pollId, bucket) },
  Select: 'COUNT',
  ConsistentRead: true,
  ExclusiveStartKey,
});

/** A shard item names itself, so that its image in the stream can be read without its key. */
const shardFields =
  '#kind = :kind, #version = :version, pollId = :pollId, choice = :choice, #region = :region, #shard = :shard';
const shardFieldNames = { '#kind': 'kind', '#version': 'version', '#region': 'region', '#shard': 'shard' };
const shardFieldValues = (pollId: string, { choice, region, shard }: ShardName) => ({
  ':kind': 'shard',
  ':version': SHARD_VERSION,
  ':pollId': pollId,
  ':choice': choice,
  ':region': region,
  ':shard': shard,
});

/** Reads why a vote did not count, where a condition says so: a repeat first, then the close, then the voter. */
function refusalIn(error: unknown, { pollId, voteId }: Ballot): RecordOutcome | undefined {
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const [ballot, shard, voter] = (error.CancellationReasons ?? []).map(({ Code, Item }) =>
    Code === 'ConditionalCheckFailed' ? { item: Item } : undefined,
  );
  if (ballot?.item)
    return { kind: 'repeated', ballot: ballotIn(pollId, voteId, unmarshall(ballot.item) as BallotItem) };
  if (isContention(error)) return undefined;
  if (shard) return { kind: 'closed' };
  return voter ? { kind: 'already-voted' } : undefined;
}
