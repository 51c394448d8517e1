import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Marks, parseShardKey, shardKey, type Tally } from '../../domain/votes/tally.ts';
import type { TallyStore } from '../../ports/votes.ts';
import { storeError, throwStoreError } from './errors.ts';
import { backOff } from './retry.ts';

/** Votes by region, choice and shard: a fraction of the size that a map with one key for each shard would have. */
type PackedMarks = Record<string, number[][]>;

interface TallyItem {
  readonly revision: number;
  readonly marks: PackedMarks;
  readonly newestVoteAt: number;
  readonly lagMs: number;
}

const keyOf = (pollId: string) => ({ pk: `TALLY#${pollId}`, sk: 'TALLY' });

/** One item holds the tally of a poll: one read and one conditional write for each batch, however many choices it has. */
export class DynamoDbTallyStore implements TallyStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async get(pollId: string): Promise<Tally | undefined> {
    const command = new GetCommand({ TableName: this.table, Key: keyOf(pollId), ConsistentRead: true });
    const { Item } = await this.client.send(command).catch(throwStoreError);
    if (!Item) return undefined;
    const { revision, marks, newestVoteAt, lagMs } = Item as TallyItem;
    return { pollId, revision, marks: unpackMarks(marks), newestVoteAt, lagMs };
  }

  async put(tally: Tally, expectedRevision: number): Promise<boolean> {
    try {
      await this.client.send(new PutCommand(putTally(this.table, tally, expectedRevision)));
      return true;
    } catch (error) {
      // Also when our own first attempt was stored and its answer lost: the next read then shows our tally.
      if (!(error instanceof ConditionalCheckFailedException)) throw storeError(error);
      // Those who lost a race to one tally part before they read it again.
      await backOff(1);
      return false;
    }
  }
}

export function putTally(table: string, tally: Tally, expectedRevision: number): PutCommandInput {
  const isFirst = 'attribute_not_exists(revision)';
  const isUnmoved = 'revision = :expected';
  const { revision, newestVoteAt, lagMs } = tally;
  return {
    TableName: table,
    Item: { ...keyOf(tally.pollId), revision, marks: packMarks(tally.marks), newestVoteAt, lagMs },
    ConditionExpression: expectedRevision === 0 ? isFirst : isUnmoved,
    ...(expectedRevision === 0 ? {} : { ExpressionAttributeValues: { ':expected': expectedRevision } }),
  };
}

export function packMarks(marks: Marks): PackedMarks {
  const packed: PackedMarks = {};
  for (const [key, votes] of marks) {
    const { region, choice, shard } = parseShardKey(key);
    packed[region] ??= [];
    const choices = packed[region];
    while (choices.length <= choice) choices.push([]);
    const shards = choices[choice] as number[];
    while (shards.length <= shard) shards.push(0);
    shards[shard] = votes;
  }
  return packed;
}

export function unpackMarks(packed: PackedMarks): Marks {
  const marks = new Map<string, number>();
  for (const [region, choices] of Object.entries(packed))
    for (const [choice, shards] of choices.entries())
      for (const [shard, votes] of shards.entries())
        if (votes > 0) marks.set(shardKey({ choice, region, shard }), votes);
  return marks;
}
