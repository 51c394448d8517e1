import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';
import type { AnswerChange, BallotAnswers } from '../../domain/votes/answers.ts';
import type { Notice } from '../../domain/votes/notice.ts';
import { MAX_QUESTIONS } from '../../domain/votes/poll.ts';
import type { AnswerStore } from '../../ports/votes.ts';
import { throwStoreError } from './errors.ts';
import { retry } from './retry.ts';
import { answersKey, answersPartition, BUCKETS, termsIn, termsText } from './vote-keys.ts';

/** The form of answers. */
const ANSWERS_VERSION = 1;

/** Answers as they are stored: `a3` holds the text for the fourth question. */
type AnswersItem = Pick<BallotAnswers, 'choices' | 'revision' | 'changedAt'> & Readonly<Record<string, unknown>>;

export class DynamoDbAnswerStore implements AnswerStore {
  /** @param table of votes */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async get(pollId: string, ballotId: string): Promise<BallotAnswers | undefined> {
    const command = new GetCommand({
      TableName: this.table,
      Key: answersKey(pollId, ballotId),
      ConsistentRead: true,
    });
    const { Item } = await this.client.send(command).catch(throwStoreError);
    return Item && answersIn(pollId, Item as AnswersItem & Key);
  }

  /** A write whose answer was lost is repeated by the SDK, and then refused: the answers are those that it wrote. */
  async put(change: AnswerChange, ifRevision?: number): Promise<BallotAnswers | undefined> {
    const { pollId } = change;
    return retry(async () => {
      try {
        const { Attributes } = await this.client.send(new UpdateCommand(putAnswers(this.table, change, ifRevision)));
        return answersIn(pollId, Attributes as AnswersItem & Key);
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return error.Item && answersIn(pollId, unmarshall(error.Item) as AnswersItem & Key);
      }
    });
  }

  /** A write whose answer was lost is repeated by the SDK, and then refused by what it wrote itself. */
  async mark(mark: NoticeMark): Promise<boolean> {
    return retry(async () => {
      try {
        await this.client.send(new UpdateCommand(markNotice(this.table, mark)));
        return true;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const stored = error.Item && (unmarshall(error.Item).notice as Notice | undefined);
        return stored?.changeId === mark.notice.changeId;
      }
    });
  }

  /** One partition after the other. The sort key of an answer begins with the number of its partition. */
  async list(pollId: string, { limit, cursor }: PageRequest): Promise<Page<BallotAnswers>> {
    const behind = cursor === undefined ? '' : sortKeyIn(cursor);
    const read: { readonly sortKey: string; readonly answers: BallotAnswers }[] = [];
    for (let bucket = 0; bucket < BUCKETS && read.length <= limit; bucket++) {
      const prefix = `${String(bucket).padStart(2, '0')}#`;
      if (behind > prefix && !behind.startsWith(prefix)) continue;
      const behindBallot = behind.startsWith(prefix) ? behind.slice(prefix.length) : '';
      const answers = await this.listBucket(pollId, bucket, behindBallot, limit + 1 - read.length);
      read.push(...answers.map((each) => ({ sortKey: `${prefix}${each.ballotId}`, answers: each })));
    }
    const { items, ...next } = pageFrom(read, limit, ({ sortKey }) => sortKey);
    return { items: items.map(({ answers }) => answers), ...next };
  }

  private async listBucket(pollId: string, bucket: number, behind: string, limit: number): Promise<BallotAnswers[]> {
    const found: BallotAnswers[] = [];
    const query: QueryCommandInput = {
      TableName: this.table,
      KeyConditionExpression: behind === '' ? 'pk = :pk' : 'pk = :pk AND sk > :behind',
      ExpressionAttributeValues: {
        ':pk': answersPartition(pollId, bucket),
        ...(behind === '' ? {} : { ':behind': behind }),
      },
      // Of a vote without words, somebody may have been told.
      FilterExpression: 'attribute_exists(revision)',
      ConsistentRead: true,
      Limit: limit,
    };
    let ExclusiveStartKey: QueryCommandInput['ExclusiveStartKey'];
    do {
      const page = await this.client.send(new QueryCommand({ ...query, ExclusiveStartKey })).catch(throwStoreError);
      found.push(...(page.Items ?? []).map((item) => answersIn(pollId, item as AnswersItem & Key)));
      ExclusiveStartKey = page.LastEvaluatedKey;
      // Where few of many have words, each further page looks at more of them.
      query.Limit = MOST_AT_ONCE;
    } while (ExclusiveStartKey && found.length < limit);
    return found.slice(0, limit);
  }
}

/** How many items one query looks at where most are not wanted. */
const MOST_AT_ONCE = 1_000;

type NoticeMark = Parameters<AnswerStore['mark']>[0];
type Key = ReturnType<typeof answersKey>;

const nameOf = (question: number): string => `a${question}`;

/**
 * One update for all texts, which says nothing of the others: changes of different questions do not meet. 1 write unit for
 * each kB.
 */
function putAnswers(
  table: string,
  { pollId, ballotId, choices, texts, changedAt, terms }: AnswerChange,
  ifRevision: number | undefined,
): UpdateCommandInput {
  const names = texts.map(([question]) => nameOf(question));
  // What was never said is as good as an empty text.
  const differs = texts.map(([question, text], index) =>
    text === ''
      ? `attribute_exists(${nameOf(question)}) AND ${nameOf(question)} <> :t${index}`
      : `attribute_not_exists(${nameOf(question)}) OR ${nameOf(question)} <> :t${index}`,
  );
  return {
    TableName: table,
    Key: answersKey(pollId, ballotId),
    UpdateExpression: `SET ${names.map((name, index) => `${name} = :t${index}`).join(', ')}, #version = :version, choices = :choices, changedAt = :changedAt${terms ? ', notify = :notify' : ''} ADD revision :one`,
    ConditionExpression: onlyAt(ifRevision, differs.join(' OR ')),
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: {
      ...Object.fromEntries(texts.map(([, text], index) => [`:t${index}`, text])),
      ':version': ANSWERS_VERSION,
      ':choices': choices,
      ':changedAt': changedAt,
      ':one': 1,
      ...(ifRevision ? { ':ifRevision': ifRevision } : {}),
      ...(terms ? { ':notify': termsText(terms) } : {}),
    },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

function onlyAt(revision: number | undefined, condition: string): string {
  if (revision === undefined) return condition;
  return `${revision === 0 ? 'attribute_not_exists(revision)' : 'revision = :ifRevision'} AND (${condition})`;
}
const markNotice = (table: string, { pollId, ballotId, choices, notice, terms }: NoticeMark): UpdateCommandInput => ({
  TableName: table,
  Key: answersKey(pollId, ballotId),
  UpdateExpression: `SET notice = :notice, #version = :version, choices = :choices${terms ? ', notify = :notify' : ''}`,
  ConditionExpression: notice.version === 1 ? 'attribute_not_exists(notice)' : 'notice.#version = :before',
  ExpressionAttributeNames: { '#version': 'version' },
  ExpressionAttributeValues: {
    ':notice': notice,
    ':version': ANSWERS_VERSION,
    ':choices': choices,
    ...(notice.version === 1 ? {} : { ':before': notice.version - 1 }),
    ...(terms ? { ':notify': termsText(terms) } : {}),
  },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
});

function answersIn(pollId: string, item: AnswersItem & Key): BallotAnswers {
  const { sk, choices, revision = 0, changedAt = 0 } = item;
  const notice = item.notice as Notice | undefined;
  const terms = typeof item.notify === 'string' ? termsIn(item.notify) : undefined;
  const texts = Array.from({ length: MAX_QUESTIONS }, (_, question) => (item[nameOf(question)] as string) ?? '');
  const said = texts.findLastIndex((text) => text !== '') + 1;
  return {
    pollId,
    ballotId: sk,
    choices,
    texts: texts.slice(0, said),
    revision,
    changedAt,
    ...(terms ? { terms } : {}),
    ...(notice ? { notice } : {}),
  };
}
