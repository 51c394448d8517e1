import { isDeepStrictEqual } from 'node:util';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import { sortable } from '../../domain/shared/sortable.ts';
import { numberTaken, pollExists, pollNotFound } from '../../domain/votes/errors.ts';
import {
  type Audit,
  CHANNELS,
  type Channel,
  firstDueAt,
  overlaps,
  type Poll,
  pollsToKeep,
} from '../../domain/votes/poll.ts';
import type { DuePoll, PhoneNumber, PollStore } from '../../ports/votes.ts';
import { batchGet } from './batch-get.ts';
import { passIfRefused, throwStoreError } from './errors.ts';
import { sortKeyPage } from './pages.ts';
import { retry } from './retry.ts';

export const pollKey = (pollId: string) => ({ pk: `POLL#${pollId}`, sk: 'POLL' });
const numberKey = (smsNumber: string) => ({ pk: `NUMBER#${smsNumber}`, sk: 'NUMBER' });
/** Entry in the list of all polls, sorted by age. */
const listKey = (poll: Poll) => ({ pk: 'POLLS', sk: `${sortable(poll.createdAt)}#${poll.pollId}` });
/** Key of an entry in the list of polls that are due for a sweep, sorted by time. */
const dueKey = ({ pollId, dueAt }: DuePoll) => ({ pk: 'DUE', sk: `${sortable(dueAt)}#${pollId}` });
export const pollIdIn = (sortKey: string): string => sortKey.slice(sortKey.indexOf('#') + 1);

/** A number as it is stored; `edition` rises with every poll that it is given to. */
type NumberItem = PhoneNumber & { readonly edition: number };

export class DynamoDbPollStore implements PollStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async create(poll: Poll): Promise<void> {
    const number = poll.smsNumber === undefined ? undefined : await this.readNumber(poll.smsNumber);
    const others = await this.getMany(number?.pollIds ?? []);
    if (others.some((other) => overlaps(poll, other)))
      throw (await this.get(poll.pollId)) ? pollExists(poll.pollId) : numberTaken(poll.smsNumber as string);
    let attempts = 0;
    try {
      await retry(() => {
        attempts++;
        return this.client.send(new TransactWriteCommand(putPoll(this.table, poll, number, others)));
      });
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
      const failed = reasons.findIndex(({ Code }) => Code === 'ConditionalCheckFailed');
      if (failed < 0) throw error;
      if (failed === 0) {
        // An attempt that seemed to conflict may have been stored after all.
        if (attempts > 1 && isSame(poll, await this.get(poll.pollId))) return;
        throw pollExists(poll.pollId);
      }
      // Another poll took the number meanwhile: check its time.
      await this.create(poll);
    }
  }

  async get(pollId: string): Promise<Poll | undefined> {
    const { Item } = await this.read(pollKey(pollId));
    return Item && pollIn(Item);
  }

  async getMany(pollIds: readonly string[]): Promise<readonly Poll[]> {
    return (await batchGet(this.client, this.table, pollIds.map(pollKey))).map(pollIn);
  }

  async list(page: PageRequest): Promise<Page<Poll>> {
    const { items: keys, ...next } = await sortKeyPage(this.client, this.table, 'POLLS', page, 'descending');
    return { items: await this.inOrder(keys.map(pollIdIn)), ...next };
  }

  findNumber(smsNumber: string): Promise<PhoneNumber | undefined> {
    return this.readNumber(smsNumber);
  }

  async close(pollId: string, closing: Parameters<PollStore['close']>[1]): Promise<Poll> {
    const poll = await this.change(closePoll(this.table, pollId, closing));
    if (!poll) throw pollNotFound(pollId);
    return poll;
  }

  async finish(pollId: string, audit: Audit): Promise<Poll> {
    const poll = (await this.change(finishPoll(this.table, pollId, audit))) ?? (await this.get(pollId));
    if (!poll) throw pollNotFound(pollId);
    return poll;
  }

  async growShards(pollId: string, shards: number): Promise<Poll | undefined> {
    return (await this.change(growPoll(this.table, pollId, shards))) ?? this.get(pollId);
  }

  async schedule(due: DuePoll): Promise<void> {
    await this.client.send(new PutCommand({ TableName: this.table, Item: dueKey(due) })).catch(throwStoreError);
  }

  async listDue(now: number): Promise<readonly DuePoll[]> {
    const command = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: 'pk = :due AND sk < :later',
      ExpressionAttributeValues: { ':due': 'DUE', ':later': sortable(now + 1) },
      ConsistentRead: true,
    });
    const { Items = [] } = await this.client.send(command).catch(throwStoreError);
    return Items.map(({ sk }) => ({ pollId: pollIdIn(sk), dueAt: Number(sk.slice(0, sk.indexOf('#'))) }));
  }

  async postpone(due: DuePoll, dueAt: number | undefined): Promise<boolean> {
    try {
      await retry(() => this.client.send(new TransactWriteCommand(postponePoll(this.table, due, dueAt))));
      return true;
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
      if (reasons.some(({ Code }) => Code === 'ConditionalCheckFailed')) return false;
      throw error;
    }
  }

  private async readNumber(smsNumber: string): Promise<NumberItem | undefined> {
    const { Item } = await this.read(numberKey(smsNumber));
    if (!Item) return undefined;
    // The first release knew one poll of a number.
    const { pollId, pollIds = [pollId], firstPollId = pollId, edition = 0 } = Item;
    return { pollIds, firstPollId, edition };
  }

  private async read(Key: Record<string, string>) {
    const command = new GetCommand({ TableName: this.table, Key, ConsistentRead: true });
    return this.client.send(command).catch(throwStoreError);
  }

  /** @returns the changed poll, or undefined if the condition did not hold */
  private async change(update: UpdateCommandInput): Promise<Poll | undefined> {
    const answer = await this.client.send(new UpdateCommand(update)).catch(passIfRefused).catch(throwStoreError);
    return answer && pollIn(answer.Attributes as Record<string, unknown>);
  }

  private async inOrder(pollIds: readonly string[]): Promise<readonly Poll[]> {
    const polls = new Map((await this.getMany(pollIds)).map((poll) => [poll.pollId, poll]));
    return pollIds.flatMap((pollId) => polls.get(pollId) ?? []);
  }
}

/** The first release had no channels: every poll took all. Two closes at once may have given up one region twice. */
const pollIn = (item: Record<string, unknown>): Poll => {
  const { withoutRegions, ...poll } = item.poll as Poll & { readonly channels?: readonly Channel[] };
  return {
    ...poll,
    channels: poll.channels ?? CHANNELS,
    ...(withoutRegions ? { withoutRegions: [...new Set(withoutRegions)] } : {}),
  };
};

/**
 * The poll, its entries in the lists and its number, all or none.
 *
 *     create A:  number is free then ─ put A if it is still of edition 3
 *     create B:  number is free then ─ put B if it is still of edition 3 ─ refused ─ A has that time: taken
 *
 * @param number as it was read
 * @param others its polls
 */
export function putPoll(
  table: string,
  poll: Poll,
  number: NumberItem | undefined,
  others: readonly Poll[],
): TransactWriteCommandInput {
  const isNew = 'attribute_not_exists(pk)';
  return {
    TransactItems: [
      { Put: { TableName: table, Item: { ...pollKey(poll.pollId), poll }, ConditionExpression: isNew } },
      { Put: { TableName: table, Item: listKey(poll) } },
      { Put: { TableName: table, Item: dueKey({ pollId: poll.pollId, dueAt: firstDueAt(poll) }) } },
      ...(poll.smsNumber === undefined ? [] : [{ Put: putNumber(table, poll.smsNumber, poll, number, others) }]),
    ],
  };
}

function putNumber(
  table: string,
  smsNumber: string,
  poll: Poll,
  number: NumberItem | undefined,
  others: readonly Poll[],
): PutCommandInput {
  const isNew = 'attribute_not_exists(pk)';
  const isUnchanged = 'edition = :edition';
  const isOfFirstRelease = 'attribute_not_exists(edition)';
  return {
    TableName: table,
    Item: {
      ...numberKey(smsNumber),
      pollIds: [...pollsToKeep(others, poll.createdAt), poll].map(({ pollId }) => pollId),
      firstPollId: number?.firstPollId ?? poll.pollId,
      edition: (number?.edition ?? 0) + 1,
    },
    ConditionExpression: number === undefined ? isNew : number.edition > 0 ? isUnchanged : isOfFirstRelease,
    ...(number === undefined || number.edition === 0
      ? {}
      : { ExpressionAttributeValues: { ':edition': number.edition } }),
  };
}

/** What closes first stands: a repeat changes neither time nor name. */
export const closePoll = (
  table: string,
  pollId: string,
  { closedAt, closedBy, withoutRegions }: Parameters<PollStore['close']>[1],
): UpdateCommandInput => ({
  TableName: table,
  Key: pollKey(pollId),
  UpdateExpression: [
    'SET poll.closedAt = if_not_exists(poll.closedAt, :closedAt), poll.closedBy = if_not_exists(poll.closedBy, :closedBy)',
    ...(withoutRegions.length > 0
      ? ['poll.withoutRegions = list_append(if_not_exists(poll.withoutRegions, :noRegions), :withoutRegions)']
      : []),
  ].join(', '),
  ConditionExpression: 'attribute_exists(pk)',
  ExpressionAttributeValues: {
    ':closedAt': closedAt,
    ':closedBy': closedBy,
    ...(withoutRegions.length > 0 ? { ':noRegions': [], ':withoutRegions': withoutRegions } : {}),
  },
  ReturnValues: 'ALL_NEW',
});

export const finishPoll = (table: string, pollId: string, audit: Audit): UpdateCommandInput => ({
  TableName: table,
  Key: pollKey(pollId),
  UpdateExpression: 'SET poll.audit = :audit',
  ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(poll.audit) OR poll.audit.#at <= :at)',
  ExpressionAttributeNames: { '#at': 'at' },
  ExpressionAttributeValues: { ':audit': audit, ':at': audit.at },
  ReturnValues: 'ALL_NEW',
});

export function postponePoll(table: string, due: DuePoll, dueAt: number | undefined): TransactWriteCommandInput {
  const isThere = 'attribute_exists(pk)';
  // A transaction takes an item once.
  if (dueAt === due.dueAt)
    return { TransactItems: [{ Put: { TableName: table, Item: dueKey(due), ConditionExpression: isThere } }] };
  return {
    TransactItems: [
      { Delete: { TableName: table, Key: dueKey(due), ConditionExpression: isThere } },
      ...(dueAt === undefined ? [] : [{ Put: { TableName: table, Item: dueKey({ ...due, dueAt }) } }]),
    ],
  };
}

/** A closed poll does not grow: its close has closed the shards that it had. */
export const growPoll = (table: string, pollId: string, shards: number): UpdateCommandInput => {
  const isSmaller = 'poll.shards < :shards';
  const isNotClosed = 'attribute_not_exists(poll.closedAt)';
  return {
    TableName: table,
    Key: pollKey(pollId),
    UpdateExpression: 'SET poll.shards = :shards',
    ConditionExpression: `${isSmaller} AND ${isNotClosed}`,
    ExpressionAttributeValues: { ':shards': shards },
    ReturnValues: 'ALL_NEW',
  };
};

/** Whether what is stored is this poll; fields that are not set are not stored. */
const isSame = (poll: Poll, stored: Poll | undefined): boolean =>
  isDeepStrictEqual(stored, Object.fromEntries(Object.entries(poll).filter(([, value]) => value !== undefined)));
