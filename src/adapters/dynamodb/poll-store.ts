import { isDeepStrictEqual } from 'node:util';
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import { numberTaken, pollExists } from '../../domain/votes/errors.ts';
import { type Poll, pollStatus } from '../../domain/votes/poll.ts';
import type { PollStore } from '../../ports/votes.ts';
import { batchGet } from './batch-get.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { storeError, throwStoreError } from './errors.ts';
import { retry } from './retry.ts';
import { sortable } from './sortable.ts';

const pollKey = (pollId: string) => ({ pk: `POLL#${pollId}`, sk: 'POLL' });
const numberKey = (smsNumber: string) => ({ pk: `NUMBER#${smsNumber}`, sk: 'NUMBER' });
/** Entry in the list of all polls, sorted by age. */
const listKey = (poll: Poll) => ({ pk: 'POLLS', sk: `${sortable(poll.createdAt)}#${poll.pollId}` });
/** Entry in the list of polls that are still to be closed, sorted by when. */
const dueKey = (poll: Poll) => ({ pk: 'DUE', sk: `${sortable(poll.closesAt ?? 0)}#${poll.pollId}` });
const LIST_KEY = /^\d{15}#[A-Za-z0-9_-]+$/;
const pollIdIn = (sortKey: string): string => sortKey.slice(sortKey.indexOf('#') + 1);

export class DynamoDbPollStore implements PollStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async create(poll: Poll): Promise<void> {
    const holderId = poll.smsNumber === undefined ? undefined : await this.holderId(poll.smsNumber);
    const holder = holderId === undefined ? undefined : await this.get(holderId);
    if (holder && pollStatus(holder, poll.createdAt) !== 'closed')
      throw (await this.get(poll.pollId)) ? pollExists(poll.pollId) : numberTaken(poll.smsNumber as string);
    let attempts = 0;
    try {
      await retry(() => {
        attempts++;
        return this.client.send(new TransactWriteCommand(putPoll(this.table, poll, holderId)));
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
      // The number went to another poll meanwhile: look whose it is.
      await this.create(poll);
    }
  }

  async get(pollId: string): Promise<Poll | undefined> {
    const { Item } = await this.read(pollKey(pollId));
    return Item?.poll as Poll | undefined;
  }

  async list({ limit, cursor }: PageRequest): Promise<Page<Poll>> {
    const command = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: cursor === undefined ? 'pk = :polls' : 'pk = :polls AND sk < :cursor',
      ExpressionAttributeValues: {
        ':polls': 'POLLS',
        ...(cursor === undefined ? {} : { ':cursor': readCursor(cursor, LIST_KEY) }),
      },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: limit + 1,
    });
    const { Items = [] } = await this.client.send(command).catch(throwStoreError);
    const keys = Items.slice(0, limit).map(({ sk }) => sk as string);
    const last = keys.at(-1);
    return {
      items: await this.getAll(keys.map(pollIdIn)),
      nextCursor: Items.length > limit && last !== undefined ? writeCursor(last) : undefined,
    };
  }

  async newestByNumber(smsNumber: string): Promise<Poll | undefined> {
    const pollId = await this.holderId(smsNumber);
    return pollId === undefined ? undefined : this.get(pollId);
  }

  async close(pollId: string, closedAt: number): Promise<Poll | undefined> {
    const poll = (await this.change(closePoll(this.table, pollId, closedAt))) ?? (await this.get(pollId));
    // After a crash here the poll is still due, and the next sweep closes it again.
    if (poll?.closesAt !== undefined)
      await this.client.send(new DeleteCommand({ TableName: this.table, Key: dueKey(poll) })).catch(throwStoreError);
    return poll;
  }

  async growShards(pollId: string, shards: number): Promise<Poll | undefined> {
    return (await this.change(growPoll(this.table, pollId, shards))) ?? this.get(pollId);
  }

  async listDue(now: number): Promise<readonly Poll[]> {
    const command = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: 'pk = :due AND sk < :later',
      ExpressionAttributeValues: { ':due': 'DUE', ':later': sortable(now + 1) },
      ConsistentRead: true,
    });
    const { Items = [] } = await this.client.send(command).catch(throwStoreError);
    return this.getAll(Items.map(({ sk }) => pollIdIn(sk as string)));
  }

  /** The poll that a number was given to last. */
  private async holderId(smsNumber: string): Promise<string | undefined> {
    const { Item } = await this.read(numberKey(smsNumber));
    return Item?.pollId as string | undefined;
  }

  private async read(Key: Record<string, string>) {
    const command = new GetCommand({ TableName: this.table, Key, ConsistentRead: true });
    return this.client.send(command).catch(throwStoreError);
  }

  /** @returns the changed poll, or undefined if the condition did not hold */
  private async change(update: UpdateCommandInput): Promise<Poll | undefined> {
    try {
      const { Attributes } = await this.client.send(new UpdateCommand(update));
      return Attributes?.poll as Poll;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw storeError(error);
    }
  }

  private async getAll(pollIds: readonly string[]): Promise<readonly Poll[]> {
    const items = await batchGet(this.client, this.table, pollIds.map(pollKey));
    const polls = new Map(items.map(({ poll }) => [(poll as Poll).pollId, poll as Poll]));
    return pollIds.flatMap((pollId) => polls.get(pollId) ?? []);
  }
}

/**
 * The poll, its entries in the lists and its number, all or none.
 *
 *     create A:  number is free ─ put A if still free
 *     create B:  number is free ─ put B if still free ─ refused ─ number is A's, and A is open: taken
 *
 * @param holder id of the closed poll that has the number so far
 */
export function putPoll(table: string, poll: Poll, holder: string | undefined): TransactWriteCommandInput {
  const isNew = 'attribute_not_exists(pk)';
  const isStillHolders = 'pollId = :holder';
  return {
    TransactItems: [
      { Put: { TableName: table, Item: { ...pollKey(poll.pollId), poll }, ConditionExpression: isNew } },
      { Put: { TableName: table, Item: listKey(poll) } },
      ...(poll.closesAt === undefined ? [] : [{ Put: { TableName: table, Item: dueKey(poll) } }]),
      ...(poll.smsNumber === undefined
        ? []
        : [
            {
              Put: {
                TableName: table,
                Item: { ...numberKey(poll.smsNumber), pollId: poll.pollId },
                ConditionExpression: holder === undefined ? isNew : isStillHolders,
                ...(holder === undefined ? {} : { ExpressionAttributeValues: { ':holder': holder } }),
              },
            },
          ]),
    ],
  };
}

export const closePoll = (table: string, pollId: string, closedAt: number): UpdateCommandInput => {
  const exists = 'attribute_exists(pk)';
  const isNotClosed = 'attribute_not_exists(poll.closedAt)';
  return {
    TableName: table,
    Key: pollKey(pollId),
    UpdateExpression: 'SET poll.closedAt = :closedAt',
    ConditionExpression: `${exists} AND ${isNotClosed}`,
    ExpressionAttributeValues: { ':closedAt': closedAt },
    ReturnValues: 'ALL_NEW',
  };
};

/** A closed poll does not grow: whoever closed it has marked the shards that it had. */
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
