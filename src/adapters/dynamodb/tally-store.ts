import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Counter, emptyTally, type HighWaterMarks, type Tally } from '../../domain/votes/tally.ts';
import type { TallyStore } from '../../ports/votes.ts';
import { storeError, throwStoreError } from './errors.ts';
import { backOff } from './retry.ts';

/** By region and shard: `closed`, `ballots`, and the votes of each choice. Names for each would make it many times as large. */
type PackedMarks = Record<string, number[][]>;
type TallyItem = Omit<Tally, 'pollId' | 'marks'> & { readonly marks: PackedMarks };

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
    const { version, revision, marks, newestVoteAt, lagMs, completeUpTo, check } = Item as TallyItem;
    // Tallies of the first release have no version, and counted each choice in shards of its own.
    if (version === undefined)
      return { ...emptyTally(pollId), revision, marks: marksOfFirstRelease(marks), newestVoteAt, lagMs };
    return { pollId, version, revision, marks: unpackMarks(marks), newestVoteAt, lagMs, completeUpTo, check };
  }

  async put(tally: Tally): Promise<boolean> {
    try {
      await this.client.send(new PutCommand(putTally(this.table, tally)));
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

export function putTally(table: string, { pollId, marks, ...tally }: Tally): PutCommandInput {
  const isFirst = 'attribute_not_exists(pk)';
  const isUnchanged = '#version = :expected';
  const expected = tally.version - 1;
  return {
    TableName: table,
    Item: { ...keyOf(pollId), ...tally, marks: packMarks(marks) },
    ...(expected === 0
      ? { ConditionExpression: isFirst }
      : {
          ConditionExpression: isUnchanged,
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':expected': expected },
        }),
  };
}

export const packMarks = (marks: HighWaterMarks): PackedMarks =>
  Object.fromEntries(
    [...marks].map(([region, counters]) => [
      region,
      counters.map(({ closed, ballots, votes }) => [closed, ballots, ...votes]),
    ]),
  );

export const unpackMarks = (packed: PackedMarks): HighWaterMarks =>
  new Map(
    Object.entries(packed).map(([region, counters]) => [
      region,
      counters.map(([closed = 0, ballots = 0, ...votes]): Counter => ({ closed, ballots, votes })),
    ]),
  );

/** What the first release kept by region, choice and shard, as one counter for each region: it is read and never added to. */
const marksOfFirstRelease = (packed: PackedMarks): HighWaterMarks =>
  new Map(
    Object.entries(packed).map(([region, choices]) => {
      const votes = choices.map((shards) => shards.reduce((sum, count) => sum + count, 0));
      return [region, [{ closed: 1, ballots: votes.reduce((sum, count) => sum + count, 0), votes }]];
    }),
  );
