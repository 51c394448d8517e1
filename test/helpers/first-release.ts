import { BatchWriteCommand, type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { VoteTables } from '../../src/adapters/dynamodb/vote-tables.ts';

/** A poll as Portside 0.1 kept it. Times are epoch ms. */
export interface OldPoll {
  readonly pollId: string;
  readonly createdAt: number;
  readonly opensAt?: number;
  readonly closesAt?: number;
  readonly closedAt?: number;
  readonly hideUntilClose?: boolean;
  readonly smsNumber?: string;
}

export const OLD_CHOICES = ['RED', 'GREEN', 'BLUE'];
const SHARDS = 16;
const REGION = 'eu-west-1';

type Item = Readonly<Record<string, unknown>>;
const sortable = (time: number): string => String(time).padStart(15, '0');

/** Spreads votes over the shards of a choice; as in 0.1, the list ends with the last shard that has any. */
const spread = (votes: number): number[] =>
  Array.from({ length: Math.min(votes, SHARDS) }, (_, shard) => Math.floor((votes + SHARDS - 1 - shard) / SHARDS));

/** What 0.1 wrote into the table of polls and tallies. */
function pollItems(poll: OldPoll, votes: readonly number[]): Item[] {
  const { pollId, createdAt, closesAt, closedAt, smsNumber, hideUntilClose = false } = poll;
  const stored = { ...poll, question: 'Which colour?', choices: OLD_CHOICES, voterLimit: 'none', shards: SHARDS };
  return [
    { pk: `POLL#${pollId}`, sk: 'POLL', poll: { ...stored, hideUntilClose } },
    { pk: 'POLLS', sk: `${sortable(createdAt)}#${pollId}` },
    ...(closesAt === undefined || closedAt !== undefined ? [] : [{ pk: 'DUE', sk: `${sortable(closesAt)}#${pollId}` }]),
    ...(smsNumber === undefined ? [] : [{ pk: `NUMBER#${smsNumber}`, sk: 'NUMBER', pollId }]),
    ...(votes.length === 0
      ? []
      : [
          {
            pk: `TALLY#${pollId}`,
            sk: 'TALLY',
            revision: 23,
            marks: { [REGION]: votes.map(spread) },
            newestVoteAt: createdAt + 1_000,
            lagMs: 128,
          },
        ]),
  ];
}

/** What 0.1 wrote into the table of votes: a close marked every shard, also those without a vote. */
function shardItems({ pollId, createdAt, closedAt }: OldPoll, votes: readonly number[]): Item[] {
  return votes.flatMap((count, choice) =>
    Array.from({ length: SHARDS }, (_, shard) => spread(count)[shard] ?? 0).flatMap((inShard, shard) =>
      inShard === 0 && closedAt === undefined
        ? []
        : [
            {
              pk: `SHARD#${pollId}#${choice}.${REGION}#${shard}`,
              sk: 'SHARD',
              kind: 'shard',
              version: 1,
              pollId,
              choice,
              region: REGION,
              shard,
              votes: inShard,
              lastVoteAt: inShard === 0 ? 0 : createdAt + 1_000,
              ...(closedAt === undefined ? {} : { closed: true }),
            },
          ],
    ),
  );
}

/**
 * Writes a poll as 0.1 left it. The items were compared with those that 0.1 itself wrote.
 *
 * @param votes of each choice; none: 0.1 had no tally of it
 */
export async function putOldPoll(
  client: DynamoDBDocumentClient,
  { votes: votesTable, tallies }: Pick<VoteTables, 'votes' | 'tallies'>,
  poll: OldPoll,
  votes: readonly number[] = [],
): Promise<void> {
  await putAll(client, tallies, pollItems(poll, votes));
  await putAll(client, votesTable, shardItems(poll, votes));
}

async function putAll(client: DynamoDBDocumentClient, table: string, items: readonly Item[]): Promise<void> {
  for (let from = 0; from < items.length; from += 25) {
    const requests = items.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
  }
}

/** Every item of both tables, by key. */
export async function itemsIn(
  client: DynamoDBDocumentClient,
  { votes, tallies }: Pick<VoteTables, 'votes' | 'tallies'>,
): Promise<ReadonlyMap<string, Item>> {
  const items = new Map<string, Item>();
  for (const TableName of [votes, tallies])
    for (const item of (await client.send(new ScanCommand({ TableName, ConsistentRead: true }))).Items ?? [])
      items.set(`${item.pk} ${item.sk}`, item);
  return items;
}
