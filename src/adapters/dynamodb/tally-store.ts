import { type DynamoDBDocumentClient, GetCommand, PutCommand, type PutCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Counter, emptyTally, type HighWaterMarks, type Tally } from '../../domain/votes/tally.ts';
import type { TallyStore } from '../../ports/votes.ts';
import { passIfRefused, throwStoreError } from './errors.ts';
import { backOff } from './retry.ts';

/** Of each shard: `closed`, `ballots`, and the votes of each choice. Names for them would make it many times as large. */
type PackedMarks = { readonly region: string; readonly shards: number[][] }[];
/** Tallies of the first release have no version, and counted by region, choice and shard. */
type FirstReleaseItem = Pick<Tally, 'revision' | 'newestVoteAt' | 'lagMs'> & { marks: Record<string, number[][]> };
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
    if (Item.version === undefined) return tallyOfFirstRelease(pollId, Item as FirstReleaseItem);
    const { version, revision, marks, newestVoteAt, lagMs, completeUpTo, check } = Item as TallyItem;
    return { pollId, version, revision, marks: unpackMarks(marks), newestVoteAt, lagMs, completeUpTo, check };
  }

  async put(tally: Tally): Promise<boolean> {
    const command = new PutCommand(putTally(this.table, tally));
    // Also refused when our own first attempt was stored and its answer lost: the next read then shows our tally.
    if (await this.client.send(command).catch(passIfRefused).catch(throwStoreError)) return true;
    // Those who lost a race to one tally part before they read it again.
    await backOff(1);
    return false;
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
  [...marks].map(([region, counters]) => ({
    region,
    shards: counters.map(({ closed, ballots, votes }) => [closed, ballots, ...votes]),
  }));

export const unpackMarks = (packed: PackedMarks): HighWaterMarks =>
  new Map(
    packed.map(({ region, shards }) => [
      region,
      shards.map(([closed = 0, ballots = 0, ...votes]): Counter => ({ closed, ballots, votes })),
    ]),
  );

/** One counter for each region is enough: it is read and never added to. */
function tallyOfFirstRelease(pollId: string, { revision, newestVoteAt, lagMs, marks }: FirstReleaseItem): Tally {
  const counters = Object.entries(marks).map(([region, choices]): [string, Counter[]] => {
    const votes = choices.map((shards) => shards.reduce((sum, count) => sum + count, 0));
    return [region, [{ closed: 1, ballots: votes.reduce((sum, count) => sum + count, 0), votes }]];
  });
  return { ...emptyTally(pollId), revision, newestVoteAt, lagMs, marks: new Map(counters) };
}
