import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { concurrently } from '../../domain/shared/concurrently.ts';
import { cursorBehind, type Page, type PageRequest, sortKeyIn } from '../../domain/shared/page.ts';
import type { Order } from '../../domain/tasks/order.ts';
import type { QueueStats } from '../../domain/tasks/queue-stats.ts';
import {
  claimed,
  dueAt,
  expiredIfOverdue,
  isClaimable,
  isOpen,
  type Lease,
  type Task,
} from '../../domain/tasks/task.ts';
import type { Clock } from '../../ports/system.ts';
import type { AddOutcome, ClaimOutcome, ListedStatus, TaskStore } from '../../ports/tasks.ts';
import { batchGet } from './batch-get.ts';
import { passIfRefused, throwStoreError, wasRepeated } from './errors.ts';
import {
  dueUntil,
  type Entry,
  finalList,
  isFinal,
  isIdleInTime,
  isPending,
  isTaken,
  laterList,
  mayBeOverdue,
  OpenIndex,
  openLists,
  placeIn,
  SHARDS,
} from './open-index.ts';
import { PARALLEL_REQUESTS } from './parallel-requests.ts';
import type { DynamoDbQueueCounts } from './queue-counts.ts';
import { StatsReader } from './queue-stats.ts';
import { retry } from './retry.ts';
import { changedFields, claimTask, deleteTask, promoteTask, putTask, replaceTask } from './task-requests.ts';
import type { TaskTables } from './task-tables.ts';

/** How many held tasks the first query of a queue expects at the head of each list; later queries know. */
const FIRST_DEPTH = 300;
/** The most rounds of reads in one call: to fill a page of a list, and to find overdue tasks. The next call continues. */
const LIST_ROUNDS = 4;
const OVERDUE_ROUNDS = 10;
/** Entries of each list that are searched for the first one that is due. */
const DUE_PAGE = 100;
/** Entries per request where a list is read from end to end. */
const PAGE = 500;
/** How long one sweep may promote delayed tasks of one queue, ms; they are promoted early enough for the next to continue. */
const PROMOTE_MS = 20_000;
/** Default time between two sweeps of a queue, ms. */
const SWEEP_MS = 60_000;

/** Whether the item that failed the condition may have been written by an earlier attempt of the SDK whose answer was lost. */
const mayBeOurs = (error: unknown): boolean =>
  error instanceof ConditionalCheckFailedException && wasRepeated(error.$metadata);

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
  private readonly index: OpenIndex;
  private readonly statsReader: StatsReader;
  /** Tasks with a longer delay go to the later list, ms. Long enough that one sweep may be late or fail. */
  private readonly laterMs: number;
  /** How many entries the last query skipped, by queue and order. */
  private readonly depths = new Map<string, number>();
  /** Where the search for overdue tasks continues, in queues that are too long for one call. */
  private readonly searchedUntil = new Map<string, string>();

  /**
   * @param retentionMs how long a finished task is kept
   * @param sweepMs time between two sweeps, which alone promote delayed tasks
   */
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly tables: Pick<TaskTables, 'tasks'>,
    private readonly counts: DynamoDbQueueCounts,
    private readonly retentionMs: number,
    private readonly clock: Clock,
    sweepMs = SWEEP_MS,
  ) {
    this.laterMs = 2 * sweepMs;
    this.index = new OpenIndex(client, tables.tasks);
    this.statsReader = new StatsReader(this.index, counts);
  }

  async add(task: Task, maxOpen: number): Promise<AddOutcome> {
    const { queue, taskId } = task;
    const by = await this.counts.reserve(queue, maxOpen);
    if (by === undefined) {
      const present = await this.get(taskId);
      if (!present) return { kind: 'full' };
      this.counts.notRefused(queue);
      return { kind: 'repeated', task: present };
    }
    try {
      const put = putTask(this.tables.tasks, task, by, this.laterFrom());
      await retry(() => this.client.send(new PutCommand(put)));
      return { kind: 'added' };
    } catch (error) {
      const present = error instanceof ConditionalCheckFailedException ? storedIn(error) : undefined;
      if (mayBeOurs(error) && present?.place === task.place) return { kind: 'added' };
      this.counts.giveBack(queue);
      if (!present) throw error;
      return { kind: 'repeated', task: present };
    }
  }

  async get(taskId: string): Promise<Task | undefined> {
    const command = new GetCommand({ TableName: this.tables.tasks, Key: { taskId }, ConsistentRead: true });
    const { Item } = await this.client.send(command).catch(throwStoreError);
    return Item && taskIn(Item);
  }

  async list(queue: string, status: ListedStatus, { limit, cursor }: PageRequest): Promise<Page<Task>> {
    const after = cursor === undefined ? undefined : sortKeyIn(cursor);
    const { entries, next } = await this.readStatus(queue, status, limit, after);
    const page = entries.slice(0, limit);
    const last = entries.length > limit ? page.at(-1)?.position : next;
    const tasks = await this.getAll(page);
    return {
      items: tasks.filter((task) => task.status === status),
      nextCursor: last === undefined ? undefined : cursorBehind(last),
    };
  }

  /**
   * Held tasks stay in the list, and the query skips them: a thousand of them add some pages of small entries to the
   * same requests, as long as the query knows how many to expect.
   */
  async listClaimable(queue: string, order: Order, limit: number, now: number): Promise<readonly string[]> {
    const known = `${order} ${queue}`;
    const pageSize = evenShare(limit) + (this.depths.get(known) ?? FIRST_DEPTH);
    const query = { order, limit: pageSize, filter: isIdleInTime(now) };
    const { entries, skipped } = await this.index.readUntil(limit, openLists(queue), query);
    // Callers may name any queue: an empty one must not take memory.
    if (entries.length + skipped === 0) this.depths.delete(known);
    else this.depths.set(known, skipped);
    return entries.slice(0, limit).map(({ taskId }) => taskId);
  }

  async claim(taskId: string, lease: Lease): Promise<ClaimOutcome> {
    try {
      const { Attributes } = await retry(() =>
        this.client.send(new UpdateCommand(claimTask(this.tables.tasks, taskId, lease))),
      );
      return { kind: 'claimed', task: claimed(taskIn(Attributes as Record<string, unknown>), lease) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const task = storedIn(error);
      // Only this claim knows its fence: the first attempt succeeded and its answer was lost.
      if (task?.status === 'TAKEN' && task.fence === lease.fence) return { kind: 'claimed', task };
      return task && isClaimable(task, lease.claimedAt) ? this.takeOver(task, lease) : { kind: 'refused', task };
    }
  }

  /** Claims a task whose lease has expired, unless its holder or another claimer is faster. */
  private async takeOver(task: Task, lease: Lease): Promise<ClaimOutcome> {
    const after = claimed(task, lease);
    return (await this.replace(task, after))
      ? { kind: 'claimed', task: after }
      : { kind: 'refused', task: await this.get(task.taskId) };
  }

  async replace(before: Task, after: Task): Promise<boolean> {
    const { queue } = before;
    const by = this.counts.nameIn(queue);
    try {
      const how = { by, laterFrom: this.laterFrom(), retentionMs: this.retentionMs };
      const update = replaceTask(this.tables.tasks, before, after, how);
      await retry(() => this.client.send(new UpdateCommand(update)));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const stored = storedIn(error);
      if (!stored || !mayBeOurs(error) || !isSame(stored, after)) return false;
    }
    if (isOpen(before) && !isOpen(after)) this.counts.end(queue);
    if (!isOpen(before) && isOpen(after)) this.counts.reopen(queue);
    return true;
  }

  async remove(seen: Task): Promise<boolean> {
    try {
      await retry(() => this.client.send(new DeleteCommand(deleteTask(this.tables.tasks, seen))));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      if (storedIn(error) || !mayBeOurs(error)) return false;
    }
    return true;
  }

  async listOverdue(queue: string, now: number, limit: number): Promise<readonly Task[]> {
    const overdueTasks: Task[] = [];
    let after = this.searchedUntil.get(queue);
    for (let round = 0; round < OVERDUE_ROUNDS; round++) {
      const filter = mayBeOverdue(now);
      const found = await this.index.read(openLists(queue), { order: 'fifo', after, limit: PAGE, filter });
      for (let start = 0; start < found.entries.length; start += limit) {
        const tasks = await this.getAll(found.entries.slice(start, start + limit));
        overdueTasks.push(...tasks.filter((task) => expiredIfOverdue(task, now)));
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

  async nextDueAt(queue: string, now: number): Promise<number | undefined> {
    const [open, later] = await Promise.all([
      this.index.read(openLists(queue), { order: 'fifo', limit: DUE_PAGE }),
      // Sorted by when they are due.
      this.index.read([laterList(queue)], { order: 'fifo', limit: 1 }),
    ]);
    if (open.next !== undefined) return now;
    const entries = [...open.entries, ...later.entries];
    return entries.length > 0 ? Math.min(...entries.map(dueAt)) : undefined;
  }

  stats(queue: string, now: number): Promise<QueueStats> {
    return this.statsReader.read(queue, now);
  }

  /** DynamoDB's time to live deletes finished tasks. */
  async runMaintenance(queue: string, now: number): Promise<boolean> {
    await this.promoteDelayed(queue, now);
    return this.counts.reconcile(queue, () => this.index.count([...openLists(queue), laterList(queue)]));
  }

  private laterFrom(now = this.clock.now()): number {
    return now + this.laterMs;
  }

  /** Moves tasks that are due soon from the later list to the lists of claimable tasks. */
  private async promoteDelayed(queue: string, now: number): Promise<void> {
    const { tasks } = this.tables;
    const end = performance.now() + PROMOTE_MS;
    let next: string | undefined;
    do {
      const query = { order: 'fifo', after: next, upTo: dueUntil(this.laterFrom(now)), limit: PAGE } as const;
      const due = await this.index.read([laterList(queue)], query);
      await concurrently(PARALLEL_REQUESTS, due.entries, (entry) =>
        retry(() => this.client.send(new UpdateCommand(promoteTask(tasks, queue, entry)))).catch(passIfRefused),
      );
      next = due.next;
    } while (next !== undefined && performance.now() < end);
  }

  private async readStatus(queue: string, status: ListedStatus, limit: number, after: string | undefined) {
    if (isFinal(status)) return this.index.read([finalList(queue, status)], { order: 'lifo', after, limit: limit + 1 });
    const filter = status === 'TAKEN' ? isTaken : isPending;
    const query = { order: 'lifo', after, limit: evenShare(limit + 1), filter } as const;
    const open = await this.index.readUntil(limit + 1, openLists(queue), query, LIST_ROUNDS);
    if (status === 'TAKEN') return open;
    const isWithin = ({ position }: Entry): boolean =>
      (after === undefined || position < after) && (open.next === undefined || position >= open.next);
    const later = await this.newestLater(queue, limit + 1, isWithin);
    return { ...open, entries: newestOf([...open.entries, ...later]) };
  }

  /**
   * The newest tasks of the later list. It is sorted by due time, so all of it is read; no more than a
   * page of it is kept at a time.
   */
  private async newestLater(queue: string, count: number, isWanted: (entry: Entry) => boolean): Promise<Entry[]> {
    let newest: Entry[] = [];
    let after: string | undefined;
    do {
      const page = await this.index.read([laterList(queue)], { order: 'fifo', after });
      const wanted = page.entries.map((entry) => ({ ...entry, position: placeIn(entry) })).filter(isWanted);
      newest = newestOf([...newest, ...wanted]).slice(0, count);
      after = page.next;
    } while (after !== undefined);
    return newest;
  }

  /** In the order of the entries; without those that are gone. */
  private async getAll(entries: readonly Entry[]): Promise<Task[]> {
    const keys = entries.map(({ taskId }) => ({ taskId }));
    const items = await batchGet(this.client, this.tables.tasks, keys);
    const tasks = new Map(items.map((item) => [item.taskId, taskIn(item)]));
    return entries.flatMap(({ taskId }) => tasks.get(taskId) ?? []);
  }
}

/** How many entries to read from each list to get that many from all together, as a rule. */
const evenShare = (entries: number): number => 2 * Math.ceil(entries / SHARDS) + 4;

const newestOf = (entries: readonly Entry[]): Entry[] =>
  [...entries].sort((one, other) => (one.position > other.position ? -1 : 1));

const isSame = (one: Task, other: Task): boolean => Object.keys(changedFields(one, other)).length === 0;

function taskIn({ list: _, position: __, ttl: ___, from: ____, by: _____, ...task }: Record<string, unknown>): Task {
  return task as unknown as Task;
}

const storedIn = ({ Item }: ConditionalCheckFailedException): Task | undefined => Item && taskIn(unmarshall(Item));
