import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  type PutCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { invalidRequest } from '../../domain/shared/domain-error.ts';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import type { Order } from '../../domain/tasks/order.ts';
import { counterOf, type QueueFigures } from '../../domain/tasks/queue-figures.ts';
import { claimed, type Grant, isIdle, isOpen, overdue, type Task } from '../../domain/tasks/task.ts';
import type { Clock } from '../../ports/system.ts';
import type { AddOutcome, ClaimOutcome, ListedStatus, TaskStore } from '../../ports/tasks.ts';
import { batchGet } from './batch-get.ts';
import { concurrently, PARALLEL_REQUESTS } from './concurrently.ts';
import { throwStoreError } from './errors.ts';
import {
  countList,
  dueUntil,
  type Entry,
  finalList,
  isIdleInTime,
  isPending,
  isTaken,
  LATER_MS,
  laterList,
  mayBeOverdue,
  openLists,
  openPlace,
  placeIn,
  placeOfLater,
  type Reading,
  readLists,
  SHARDS,
  type Stretch,
} from './open-index.ts';
import { type Counts, countersIn, doneAt, FLUSH_MS, QueueCounts, throughputIn } from './queue-counts.ts';
import { retry } from './retry.ts';
import type { TaskTables } from './task-tables.ts';

/** How many held tasks a first look at a queue expects at the head of each list; later looks know. */
const FIRST_DEPTH = 300;
/** Entries of one list that a look at figures reads. */
const SURVEY = 100;
/** What is read in one go to fill a page of a list, or to find overdue tasks; then it goes on with the next one. */
const LIST_ROUNDS = 4;
const OVERDUE_ROUNDS = 10;
/** Entries of each list in one request, where a list is gone through from end to end. */
const PAGE = 500;
/** Each further round reads so many times more. */
const GROWTH = 4;
const CENSUS_MS = 60_000;
/** Processes may not have sent what happened in these last seconds. */
const UNSENT_SECONDS = 3;

/** Whether what a condition found may be what an earlier attempt of the SDK has written, whose answer was lost. */
const mayBeOurs = (error: unknown): boolean =>
  error instanceof ConditionalCheckFailedException && (error.$metadata.attempts ?? 1) > 1;

/**
 * One item for each task, with its payload and its result: of one that fits into a kilobyte, each write costs one unit,
 * and one more for its entry in the index.
 *
 *             table  index
 *     put       1      1    PENDING, in one of the lists of its queue
 *     claim     1      1    TAKEN, in the same place, with a lease
 *     finish    1      1    SUCCESS, out of the index
 */
export class DynamoDbTaskStore implements TaskStore {
  private readonly counts: QueueCounts;
  /** How many entries the last look had to pass, by queue and order. */
  private readonly depths = new Map<string, number>();
  /** Where the search for overdue tasks goes on, in queues that are too long for one go. */
  private readonly searchedUntil = new Map<string, string>();
  private readonly censusAt = new Map<string, number>();

  /**
   * @param retentionMs how long a finished task is kept
   * @param flushMs how often counts are sent
   */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tables: TaskTables,
    private readonly retentionMs: number,
    private readonly clock: Clock,
    flushMs = FLUSH_MS,
  ) {
    this.counts = new QueueCounts(client, tables.queues, flushMs);
  }

  /** Stores what was counted and not stored yet. */
  flush(): Promise<void> {
    return this.counts.flush();
  }

  async add(task: Task, maxOpen: number): Promise<AddOutcome> {
    const { queue, taskId } = task;
    if (!(await this.counts.reserve(queue, maxOpen))) {
      const present = await this.get(taskId);
      if (present) return { kind: 'repeated', task: present };
      this.counts.add(queue, { refused: 1 });
      return { kind: 'full' };
    }
    try {
      await retry(() => this.client.send(new PutCommand(putTask(this.tables.tasks, task, this.clock.now()))));
    } catch (error) {
      const present = error instanceof ConditionalCheckFailedException ? storedIn(error) : undefined;
      const isOurs = mayBeOurs(error) && present?.place === task.place;
      if (!isOurs) this.counts.add(queue, { open: -1 });
      if (!present) throw error;
      if (!isOurs) return { kind: 'repeated', task: present };
    }
    this.counts.add(queue, { enqueued: 1 });
    return { kind: 'added' };
  }

  async get(taskId: string): Promise<Task | undefined> {
    const command = new GetCommand({ TableName: this.tables.tasks, Key: { taskId }, ConsistentRead: true });
    const { Item } = await this.client.send(command).catch(throwStoreError);
    return Item && taskIn(Item);
  }

  async list(queue: string, status: ListedStatus, { limit, cursor }: PageRequest): Promise<Page<Task>> {
    const after = cursor === undefined ? undefined : readCursor(cursor);
    const { entries, next } = await this.readStatus(queue, status, limit, after);
    const page = entries.slice(0, limit);
    const last = entries.length > limit ? page.at(-1)?.position : next;
    const tasks = await this.getAll(page);
    return {
      items: tasks.filter((task) => task.status === status),
      nextCursor: last === undefined ? undefined : writeCursor(last),
    };
  }

  /**
   * Held tasks stay where they stand, and a look passes them: a thousand of them are some pages of small entries in
   * the same requests, as long as it is known how many there are.
   */
  async heads(queue: string, order: Order, limit: number, now: number): Promise<readonly string[]> {
    const known = `${order} ${queue}`;
    const pageSize = evenShare(limit) + (this.depths.get(known) ?? FIRST_DEPTH);
    const reading = { order, limit: pageSize, filter: isIdleInTime(now) };
    const { entries, skipped } = await this.gather(openLists(queue), reading, limit);
    this.depths.set(known, skipped);
    return entries.slice(0, limit).map(({ taskId }) => taskId);
  }

  async claim(taskId: string, grant: Grant): Promise<ClaimOutcome> {
    try {
      const { Attributes } = await retry(() =>
        this.client.send(new UpdateCommand(claimTask(this.tables.tasks, taskId, grant))),
      );
      const before = taskIn(Attributes as Record<string, unknown>);
      return this.claimedBy(claimed(before, grant), before.status === 'PENDING');
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const task = storedIn(error);
      // Nobody else knows this fence: the first answer was lost.
      return task?.status === 'TAKEN' && task.fence === grant.fence
        ? this.claimedBy(task, true)
        : { kind: 'refused', task };
    }
  }

  async replace(before: Task, after: Task): Promise<boolean> {
    const { tasks } = this.tables;
    try {
      const update = replaceTask(tasks, before, after, this.clock.now(), this.retentionMs);
      await retry(() => this.client.send(new UpdateCommand(update)));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const stored = storedIn(error);
      if (!stored || !mayBeOurs(error) || !isSame(stored, after)) return false;
    }
    this.counts.add(before.queue, changeOf(before, after));
    return true;
  }

  async listOverdue(queue: string, now: number, limit: number): Promise<readonly Task[]> {
    const overdueTasks: Task[] = [];
    let after = this.searchedUntil.get(queue);
    for (let round = 0; round < OVERDUE_ROUNDS; round++) {
      const filter = mayBeOverdue(now);
      const found = await this.read(openLists(queue), { order: 'fifo', after, limit: PAGE, filter });
      for (let start = 0; start < found.entries.length; start += limit) {
        const tasks = await this.getAll(found.entries.slice(start, start + limit));
        overdueTasks.push(...tasks.filter((task) => overdue(task, now)));
        const last = overdueTasks[limit - 1];
        if (!last) continue;
        this.searchedUntil.set(queue, last.place);
        return overdueTasks.slice(0, limit);
      }
      after = found.next;
      if (after === undefined) break;
    }
    if (after === undefined) this.searchedUntil.delete(queue);
    else this.searchedUntil.set(queue, after);
    return overdueTasks;
  }

  /**
   * As long as a queue is short, what it holds is read from the index; of a longer one, the index shows the ends, and
   * the counts tell the rest.
   */
  async figures(queue: string, now: number): Promise<QueueFigures> {
    const [open, later, failures, counts] = await Promise.all([
      this.read(openLists(queue), { order: 'fifo', limit: SURVEY }),
      this.read([laterList(queue)], { order: 'fifo', limit: SURVEY }),
      this.read([finalList(queue, 'FAILURE')], { order: 'fifo', limit: SURVEY }),
      this.counts.read(queue),
    ]);
    const isWhole = open.next === undefined && later.next === undefined;
    const pending = open.entries.filter(({ leaseUntil }) => leaseUntil === undefined).map(({ position }) => position);
    pending.push(...later.entries.map(placeOfLater));
    if (!isWhole) pending.push(...(await this.newestPending(queue)));
    const ages = pending.map(createdAtIn);
    const countedTaken = counts.taken ?? 0;
    const countedPending = (counts.open ?? 0) - countedTaken;
    const claimable = open.entries.filter((entry) => isIdle(entry, now) && entry.expiresAt > now).length;
    return {
      pending: isWhole ? pending.length : Math.max(pending.length, countedPending),
      taken: isWhole ? open.entries.length + later.entries.length - pending.length : Math.max(0, countedTaken),
      deadLetters: failures.next === undefined ? failures.entries.length : Math.max(SURVEY, counts.deadLetters ?? 0),
      backlog: open.next === undefined ? claimable : Math.max(claimable, countedPending - later.entries.length),
      oldestPendingAt: ages.length > 0 ? Math.min(...ages) : undefined,
      newestPendingAt: ages.length > 0 ? Math.max(...ages) : undefined,
      throughputPerSecond: throughputIn(counts, now),
      counters: countersIn(counts),
      approximate: [
        'pending',
        'taken',
        'deadLetters',
        'oldestPendingAt',
        'newestPendingAt',
        'throughputPerSecond',
        'counters',
      ],
    };
  }

  /** DynamoDB itself deletes what was kept for its time. */
  async tidy(queue: string, now: number): Promise<void> {
    await this.bringIn(queue, now);
    await this.takeCensus(queue, now);
  }

  private claimedBy(task: Task, wasPending: boolean): ClaimOutcome {
    if (wasPending) this.counts.add(task.queue, { taken: 1 });
    return { kind: 'claimed', task };
  }

  /** Tasks whose waiting is nearly over take their place among those that can be claimed. */
  private async bringIn(queue: string, now: number): Promise<void> {
    const { tasks } = this.tables;
    let next: string | undefined;
    do {
      const due = await this.read([laterList(queue)], {
        order: 'fifo',
        after: next,
        upTo: dueUntil(now + LATER_MS),
        limit: PAGE,
      });
      await concurrently(PARALLEL_REQUESTS, due.entries, (entry) =>
        retry(() => this.client.send(new UpdateCommand(bringIn(tasks, queue, entry)))).catch(ignoreRefusal),
      );
      next = due.next;
    } while (next !== undefined);
  }

  /**
   * Counts anew what a queue holds, for what killed processes have left uncounted. While much happens, the index is ahead
   * of the counts, and small differences mean nothing; when all is quiet, the counts come out exact.
   */
  private async takeCensus(queue: string, now: number): Promise<void> {
    if (now - (this.censusAt.get(queue) ?? Number.NEGATIVE_INFINITY) < CENSUS_MS) return;
    this.censusAt.set(queue, now);
    const counted = await this.counts.read(queue);
    const { client, tables } = this;
    const count = (list: string) => countList(client, tables.tasks, list);
    const lists = await Promise.all([...openLists(queue), laterList(queue)].map(count));
    const failures = await count(finalList(queue, 'FAILURE'));
    const sum = (name: 'all' | 'taken'): number => lists.reduce((total, list) => total + list[name], 0);
    const unsent = Math.floor(UNSENT_SECONDS * (throughputIn(counted, now) ?? 0));
    const beyondUnsent = (found: number, known = 0): number => (Math.abs(found - known) > unsent ? found - known : 0);
    this.counts.add(queue, {
      open: beyondUnsent(sum('all'), counted.open),
      taken: beyondUnsent(sum('taken'), counted.taken),
      deadLetters: beyondUnsent(failures.all, counted.deadLetters),
    });
  }

  private async readStatus(queue: string, status: ListedStatus, limit: number, after: string | undefined) {
    if (status === 'FAILURE' || status === 'SHED')
      return this.read([finalList(queue, status)], { order: 'lifo', after, limit: limit + 1 });
    const filter = status === 'TAKEN' ? isTaken : isPending;
    const reading = { order: 'lifo', after, limit: evenShare(limit + 1), filter } as const;
    const open = await this.gather(openLists(queue), reading, limit + 1, LIST_ROUNDS);
    if (status === 'TAKEN') return open;
    const isWithin = ({ position }: Entry): boolean =>
      (after === undefined || position < after) && (open.next === undefined || position >= open.next);
    const later = await this.newestLater(queue, limit + 1, isWithin);
    return { ...open, entries: newestOf([...open.entries, ...later]) };
  }

  /**
   * The newest tasks that stand aside. Their list is sorted by when they are due, so all of it is read; no more than a
   * page of it is kept at a time.
   */
  private async newestLater(queue: string, count: number, isWanted: (entry: Entry) => boolean): Promise<Entry[]> {
    let newest: Entry[] = [];
    let after: string | undefined;
    do {
      const page = await this.read([laterList(queue)], { order: 'fifo', after });
      const wanted = page.entries.map((entry) => ({ ...entry, position: placeOfLater(entry) })).filter(isWanted);
      newest = newestOf([...newest, ...wanted]).slice(0, count);
      after = page.next;
    } while (after !== undefined);
    return newest;
  }

  private async newestPending(queue: string): Promise<string[]> {
    const newest = await this.read(openLists(queue), { order: 'lifo', limit: SURVEY, filter: isPending });
    return newest.entries.map(({ position }) => position);
  }

  /** Reads on, each time more, until there are as many entries as wanted, or no more rounds or entries. */
  private async gather(
    lists: readonly string[],
    reading: Reading & { readonly limit: number },
    wanted: number,
    rounds = Number.POSITIVE_INFINITY,
  ): Promise<Stretch> {
    const entries: Entry[] = [];
    let [skipped, after, limit] = [0, reading.after, reading.limit];
    for (let round = 0; round < rounds; round++) {
      const stretch = await this.read(lists, { ...reading, after, limit });
      entries.push(...stretch.entries);
      skipped += stretch.skipped;
      after = stretch.next;
      if (entries.length >= wanted || after === undefined) break;
      limit *= GROWTH;
    }
    return { entries, skipped, next: after };
  }

  private read(lists: readonly string[], reading: Reading): Promise<Stretch> {
    return readLists(this.client, this.tables.tasks, lists, reading);
  }

  /** In the order of the entries; without those that are gone. */
  private async getAll(entries: readonly Entry[]): Promise<Task[]> {
    const keys = entries.map(({ taskId }) => ({ taskId }));
    const items = await batchGet(this.client, this.tables.tasks, keys);
    const tasks = new Map(items.map((item) => [item.taskId, taskIn(item)]));
    return entries.flatMap(({ taskId }) => tasks.get(taskId) ?? []);
  }
}

/**
 * A new task, unless its id is there already.
 *
 *     copy 1:  put if new ─ added
 *     copy 2:              put if new ─ refused, with the first task
 */
export function putTask(table: string, task: Task, now: number): PutCommandInput {
  const isNew = 'attribute_not_exists(taskId)';
  return {
    TableName: table,
    Item: { ...task, ...placeIn(task, now) },
    ConditionExpression: isNew,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/**
 * A lease for whoever comes first.
 *
 *     A:  claim ─ TAKEN until 30 s, fence a ─ dies
 *     B:         claim ─ refused
 *     C:                                      30 s: claim ─ TAKEN, fence c
 *     A:                                                     finish with a ─ refused, the fence is c
 */
function claimTask(table: string, taskId: string, grant: Grant): UpdateCommandInput {
  const isFree = '(#status = :pending OR (#status = :taken AND leaseUntil <= :claimedAt))';
  const isDue = 'notBefore <= :claimedAt';
  const isInTime = 'expiresAt > :claimedAt';
  const hasAttemptLeft = 'attempt < maxAttempts';
  return {
    TableName: table,
    Key: { taskId },
    UpdateExpression:
      'SET #status = :taken, fence = :fence, claimedAt = :claimedAt, leaseUntil = :leaseUntil, attempt = attempt + :one ' +
      'REMOVE endedBy',
    ConditionExpression: `${isFree} AND ${isDue} AND ${isInTime} AND ${hasAttemptLeft}`,
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: {
      ':pending': 'PENDING',
      ':taken': 'TAKEN',
      ':fence': grant.fence,
      ':claimedAt': grant.claimedAt,
      ':leaseUntil': grant.leaseUntil,
      ':one': 1,
    },
    ReturnValues: 'ALL_OLD',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** The next state of a task, if it still stands as it was seen: only what changes is written. */
export function replaceTask(
  table: string,
  before: Task,
  after: Task,
  now: number,
  retentionMs: number,
): UpdateCommandInput {
  const seen = { status: before.status, fence: before.fence, leaseUntil: before.leaseUntil };
  const standsAsSeen = Object.entries(seen).map(([name, value]) =>
    value === undefined ? `attribute_not_exists(#${name})` : `#${name} = :seen_${name}`,
  );
  const changes = Object.entries({
    ...changedFields(before, after),
    list: undefined,
    position: undefined,
    ...placeIn(after, now),
    ttl: isOpen(after) ? undefined : Math.ceil(((after.finishedAt as number) + retentionMs) / 1_000),
  });
  const set = changes.filter(([, value]) => value !== undefined).map(([name]) => `#${name} = :${name}`);
  const removed = changes.filter(([, value]) => value === undefined).map(([name]) => `#${name}`);
  return {
    TableName: table,
    Key: { taskId: before.taskId },
    UpdateExpression: [
      ...(set.length > 0 ? [`SET ${set.join(', ')}`] : []),
      ...(removed.length > 0 ? [`REMOVE ${removed.join(', ')}`] : []),
    ].join(' '),
    ConditionExpression: standsAsSeen.join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(
      [...Object.keys(seen), ...changes.map(([name]) => name)].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: Object.fromEntries([
      ...changes.map(([name, value]) => [`:${name}`, value]),
      ...Object.entries(seen).map(([name, value]) => [`:seen_${name}`, value]),
    ]),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** A task that stood aside takes its own place, unless it has gone there already. */
function bringIn(table: string, queue: string, entry: Entry): UpdateCommandInput {
  const standsAside = '#list = :later';
  const place = openPlace(queue, entry.taskId, placeOfLater(entry));
  return {
    TableName: table,
    Key: { taskId: entry.taskId },
    UpdateExpression: 'SET #list = :list, #position = :position',
    ConditionExpression: standsAside,
    ExpressionAttributeNames: { '#list': 'list', '#position': 'position' },
    ExpressionAttributeValues: { ':later': laterList(queue), ':list': place.list, ':position': place.position },
  };
}

/** How many entries of each list hold so many of all of them, as a rule. */
const evenShare = (entries: number): number => 2 * Math.ceil(entries / SHARDS) + 4;

const newestOf = (entries: readonly Entry[]): Entry[] =>
  [...entries].sort((one, other) => (one.position > other.position ? -1 : 1));

const ignoreRefusal = (error: unknown): void => {
  if (!(error instanceof ConditionalCheckFailedException)) throw error;
};

/** Fields whose values differ; those that are gone are undefined. */
function changedFields(before: Task, after: Task): Partial<Task> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Task)[];
  return Object.fromEntries(
    names.filter((name) => !isEqual(before[name], after[name])).map((name) => [name, after[name]]),
  );
}

const isEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
const isSame = (one: Task, other: Task): boolean => Object.keys(changedFields(one, other)).length === 0;

/** What a change of a task means for the counts of its queue. */
function changeOf(before: Task, after: Task): Counts {
  const difference = (test: (task: Task) => boolean): number => Number(test(after)) - Number(test(before));
  const counter = counterOf(before, after);
  return {
    open: difference(isOpen),
    taken: difference(({ status }) => status === 'TAKEN'),
    deadLetters: difference(({ status }) => status === 'FAILURE'),
    ...(counter ? { [counter]: 1 } : {}),
    ...(counter === 'succeeded' || counter === 'failed' ? { [doneAt(after.finishedAt as number)]: 1 } : {}),
  };
}

function taskIn({ list: _, position: __, ttl: ___, ...task }: Record<string, unknown>): Task {
  return task as unknown as Task;
}

const storedIn = ({ Item }: ConditionalCheckFailedException): Task | undefined => Item && taskIn(unmarshall(Item));

const createdAtIn = (place: string): number => Number.parseInt(place, 10);

const writeCursor = (position: string): string => Buffer.from(position).toString('base64url');

function readCursor(cursor: string): string {
  const position = Buffer.from(cursor, 'base64url').toString();
  if (!/^\d{15}#.+$/.test(position)) throw invalidRequest({ path: 'cursor', message: 'is not a nextCursor' });
  return position;
}
