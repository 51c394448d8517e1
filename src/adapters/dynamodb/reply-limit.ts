import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { MAX_REPLIES, REPLY_PAUSE_MS } from '../../domain/votes/answer-sms.ts';
import type { ReplyLimit } from '../../ports/votes.ts';
import { storeError } from './errors.ts';

/** Short, since taking the vote has used up most of the time that Twilio waits. */
const TIMEOUT_MS = 1_000;

/**
 * One item for each sender holds the messages that were answered, until DynamoDB deletes it an hour after the last of them,
 * or later: an item past its end counts as none.
 */
export class DynamoDbReplyLimit implements ReplyLimit {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async allow(sender: string, messageId: string, now: number): Promise<boolean> {
    const reply = { sender, now, message: createHash('sha256').update(messageId).digest('base64url') };
    const abortSignal = AbortSignal.timeout(TIMEOUT_MS);
    const add = () => this.refusal(addReply(this.table, reply), abortSignal);
    const refusal = await add();
    if (!refusal) return true;
    if (refusal.until > seconds(now)) return false;
    const begunByAnother = await this.refusal(beginAnew(this.table, reply), abortSignal);
    return !begunByAnother || !(await add());
  }

  /** @returns undefined if the update was made, else the end (epoch s) of what is stored, if that was asked for */
  private async refusal(update: UpdateCommandInput, abortSignal: AbortSignal): Promise<{ until: number } | undefined> {
    try {
      await this.client.send(new UpdateCommand(update), { abortSignal });
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw storeError(error);
      return { until: Number(error.Item?.ttl?.N ?? 0) };
    }
  }
}

interface Reply {
  readonly sender: string;
  /** Hash of the message's id. */
  readonly message: string;
  readonly now: number;
}

const keyOf = (sender: string) => ({ pk: `REPLIES#${sender}`, sk: 'REPLIES' });
const names = { '#messages': 'messages', '#ttl': 'ttl' };
/** Epoch s, as DynamoDB wants it, and never before the hour is over. */
const endOf = (now: number): number => Math.ceil((now + REPLY_PAUSE_MS) / 1000);
const seconds = (now: number): number => Math.floor(now / 1000);

/** Adding to a set is idempotent: a message that is there counts once. */
const addReply = (table: string, { sender, message, now }: Reply): UpdateCommandInput => {
  const isNew = 'attribute_not_exists(pk)';
  const isOn = '#ttl > :now';
  const isCounted = 'contains(#messages, :message)';
  const isFree = 'size(#messages) < :max';
  return {
    TableName: table,
    Key: keyOf(sender),
    UpdateExpression: 'ADD #messages :messages SET #ttl = :end',
    ConditionExpression: `${isNew} OR (${isOn} AND (${isCounted} OR ${isFree}))`,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: {
      ':messages': new Set([message]),
      ':message': message,
      ':max': MAX_REPLIES,
      ':now': seconds(now),
      ':end': endOf(now),
    },
  };
};

/**
 * Replaces what is over.
 *
 *     A:  add ─ refused, over ─ begin if over ─ allowed
 *     B:  add ─ refused, over ───────────────── begin if over ─ refused ─ add ─ allowed
 */
const beginAnew = (table: string, { sender, message, now }: Reply): UpdateCommandInput => {
  const isOver = '#ttl <= :now';
  return {
    TableName: table,
    Key: keyOf(sender),
    UpdateExpression: 'SET #messages = :messages, #ttl = :end',
    ConditionExpression: isOver,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ':messages': new Set([message]), ':now': seconds(now), ':end': endOf(now) },
  };
};
