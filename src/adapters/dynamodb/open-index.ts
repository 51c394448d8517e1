import { createHash } from 'node:crypto';
import {
  type DynamoDBDocumentClient,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import { sortable } from '../../domain/shared/sortable.ts';
import type { Order } from '../../domain/tasks/order.ts';
import { dueAt, type Task, type TaskStatus } from '../../domain/tasks/task.ts';
import { retry } from './retry.ts';
import { OPEN_INDEX } from './task-tables.ts';

/** The number of lists, each a partition of the index, over which open tasks of a queue are spread. May grow, never shrink. */
export const SHARDS = 4;

/** A task in the index. */
export interface Entry {
  readonly taskId: string;
  readonly position: string;
  /** While TAKEN. */
  readonly leaseUntil?: number;
  readonly notBefore: number;
  readonly expiresAt: number;
}

/** The key of a task in the index. */
export interface IndexKey {
  /** Partition key. */
  readonly list: string;
  /** Sort key. */
  readonly position: string;
}

export const openLists = (queue: string): string[] => Array.from({ length: SHARDS }, (_, shard) => `${queue}#${shard}`);
export const laterList = (queue: string): string => `${queue}!later`;
/** Statuses in which a finished task is listed. */
export type FinalStatus = 'FAILURE' | 'SHED' | 'CANCELLED';
export const isFinal = (status: TaskStatus): status is FinalStatus =>
  status === 'FAILURE' || status === 'SHED' || status === 'CANCELLED';
export const finalList = (queue: string, status: FinalStatus): string => `${queue}!${status}`;

const shardOf = (taskId: string): number => (createHash('sha256').update(taskId).digest()[0] as number) % SHARDS;

/** The end of the tasks in a later list that are due at a moment. */
export const dueUntil = (time: number): string => sortable(time + 1);

/**
 * @param laterFrom tasks due after this time go to the later list, so that claims do not scan past them; epoch ms
 * @returns undefined for a task that is found by its id alone
 */
export function indexKeyOf(task: Task, laterFrom: number): IndexKey | undefined {
  const { queue, status, place } = task;
  if (status === 'SUCCESS') return undefined;
  if (isFinal(status)) return { list: finalList(queue, status), position: place };
  return isLater(task, laterFrom)
    ? { list: laterList(queue), position: `${sortable(dueAt(task))}#${place}` }
    : openKey(task);
}

/** The key in the lists of claimable and held tasks. */
export const openKey = ({ queue, taskId, place }: Pick<Task, 'queue' | 'taskId' | 'place'>): IndexKey => ({
  list: `${queue}#${shardOf(taskId)}`,
  position: place,
});

const isLater = (task: Task, laterFrom: number): boolean => task.status === 'PENDING' && dueAt(task) > laterFrom;

/** The task's place, which follows its due time in the keys of the later list. */
export const placeIn = ({ position }: Pick<Entry, 'position'>): string => position.slice(position.indexOf('#') + 1);

/** A part of a condition on entries, with the values that it names. */
export interface Filter {
  readonly expression: string;
  readonly values: Readonly<Record<string, number>>;
}

export const isIdleInTime = (now: number): Filter => {
  const isDue = 'notBefore <= :now';
  const isFree = '(attribute_not_exists(leaseUntil) OR leaseUntil <= :now)';
  const isInTime = 'expiresAt > :now';
  return { expression: `${isDue} AND ${isFree} AND ${isInTime}`, values: { ':now': now } };
};

/** For a task whose lease has expired, only the task itself tells whether an attempt is left. */
export const mayBeOverdue = (now: number): Filter => {
  const isExpired = '(attribute_not_exists(leaseUntil) AND expiresAt <= :now)';
  const isLeaseOver = 'leaseUntil <= :now';
  return { expression: `${isExpired} OR ${isLeaseOver}`, values: { ':now': now } };
};

export const isTaken: Filter = { expression: 'attribute_exists(leaseUntil)', values: {} };
export const isPending: Filter = { expression: 'attribute_not_exists(leaseUntil)', values: {} };

export interface IndexQuery {
  /** Which end is read first. */
  readonly order: Order;
  /** Only entries behind this position. */
  readonly after?: string | undefined;
  /** Only entries up to this position; needs `fifo`. */
  readonly upTo?: string | undefined;
  /** The most entries of each list that are scanned; a full page of DynamoDB if absent. */
  readonly limit?: number | undefined;
  readonly filter?: Filter | undefined;
}

/** Entries in order, with none missing up to their end. */
export interface IndexPage {
  readonly entries: readonly Entry[];
  /** The most entries of one list that the filter dropped. */
  readonly skipped: number;
  /** The position to continue after; undefined at the end of all lists. */
  readonly next: string | undefined;
}

/** By which factor each round of {@link OpenIndex.readUntil} reads more than the one before. */
const GROWTH = 4;

/** The index of tasks that are not done. It lags behind the tasks themselves by some milliseconds as a rule. */
export class OpenIndex {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  /** Reads one page of each list, and merges them as far as all of them reach. */
  async read(lists: readonly string[], indexQuery: IndexQuery): Promise<IndexPage> {
    const pages = await Promise.all(lists.map((list) => this.query(queryList(this.table, list, indexQuery))));
    const inOrder = (one: string, other: string): number => (one < other === (indexQuery.order === 'fifo') ? -1 : 1);
    const ends = pages.flatMap(({ LastEvaluatedKey }) => (LastEvaluatedKey?.position as string | undefined) ?? []);
    const next = ends.sort(inOrder)[0];
    const entries = pages
      .flatMap(({ Items }) => (Items ?? []) as Entry[])
      .filter(({ position }) => next === undefined || position === next || inOrder(position, next) < 0)
      .sort((one, other) => inOrder(one.position, other.position));
    const skipped = Math.max(...pages.map(({ ScannedCount = 0, Count = 0 }) => ScannedCount - Count));
    return { entries, skipped, next };
  }

  /** Reads pages of growing size until there are as many entries as wanted, or no more rounds or entries. */
  async readUntil(
    wanted: number,
    lists: readonly string[],
    indexQuery: IndexQuery & { readonly limit: number },
    rounds = Number.POSITIVE_INFINITY,
  ): Promise<IndexPage> {
    const entries: Entry[] = [];
    let [skipped, after, limit] = [0, indexQuery.after, indexQuery.limit];
    for (let round = 0; round < rounds; round++) {
      const page = await this.read(lists, { ...indexQuery, after, limit });
      entries.push(...page.entries);
      skipped += page.skipped;
      after = page.next;
      if (entries.length >= wanted || after === undefined) break;
      limit *= GROWTH;
    }
    return { entries, skipped, next: after };
  }

  /** Counts entries without reading them out: all of them, and those of tasks that are TAKEN. */
  async count(lists: readonly string[]): Promise<{ all: number; taken: number }> {
    const counts = await Promise.all(lists.map((list) => this.countList(list)));
    const sum = (name: 'all' | 'taken'): number => counts.reduce((total, count) => total + count[name], 0);
    return { all: sum('all'), taken: sum('taken') };
  }

  private async countList(list: string): Promise<{ all: number; taken: number }> {
    const count = { all: 0, taken: 0 };
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const query = { ...queryList(this.table, list, { order: 'fifo', filter: isTaken }), ExclusiveStartKey };
      const page = await this.query({ ...query, Select: 'COUNT' });
      count.all += page.ScannedCount ?? 0;
      count.taken += page.Count ?? 0;
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return count;
  }

  private query(query: QueryCommandInput): Promise<QueryCommandOutput> {
    return retry(() => this.client.send(new QueryCommand(query)));
  }
}

function queryList(table: string, list: string, indexQuery: IndexQuery): QueryCommandInput {
  const { order, limit, filter } = indexQuery;
  const range = rangeOf(indexQuery);
  return {
    TableName: table,
    IndexName: OPEN_INDEX,
    // `list` and `position` are words of the expression language.
    KeyConditionExpression: ['#list = :list', ...(range ? [range.expression] : [])].join(' AND '),
    FilterExpression: filter?.expression,
    ExpressionAttributeNames: { '#list': 'list', ...(range ? { '#position': 'position' } : {}) },
    ExpressionAttributeValues: { ':list': list, ...range?.values, ...filter?.values },
    ScanIndexForward: order === 'fifo',
    Limit: limit,
  };
}

/** DynamoDB takes one condition on each key, and both ends of BETWEEN belong to its range. */
function rangeOf({ order, after, upTo }: IndexQuery) {
  if (upTo !== undefined) {
    const from = after === undefined ? sortable(0) : justBehind(after);
    return { expression: '#position BETWEEN :from AND :upTo', values: { ':from': from, ':upTo': upTo } };
  }
  if (after === undefined) return undefined;
  return { expression: `#position ${order === 'fifo' ? '>' : '<'} :after`, values: { ':after': after } };
}

/** The first string that sorts behind another one. */
const justBehind = (text: string): string => `${text}\0`;
