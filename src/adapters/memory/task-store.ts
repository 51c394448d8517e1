import { invalidCursor, type Page, type PageRequest } from '../../domain/shared/page.ts';
import type { Order } from '../../domain/tasks/order.ts';
import { type Counters, counterOf, dueSince, noCounts, type QueueFigures } from '../../domain/tasks/queue-figures.ts';
import {
  claimed,
  type Grant,
  isClaimable,
  isIdle,
  isOpen,
  settledIfOverdue,
  standsAs,
  type Task,
  type TaskStatus,
} from '../../domain/tasks/task.ts';
import { Throughput } from '../../domain/tasks/throughput.ts';
import type { AddOutcome, ClaimOutcome, ListedStatus, TaskStore } from '../../ports/tasks.ts';
import { writeCursor } from './pages.ts';

/** A task in the store; the lists of its queue share it, so that a change in place is seen in all of them. */
interface Entry {
  task: Task;
}

/** Tasks of one queue, each list by place, oldest first. */
interface QueueLists {
  readonly open: Entry[];
  readonly FAILURE: Entry[];
  readonly SHED: Entry[];
  readonly CANCELLED: Entry[];
  /** All finished tasks, in the order in which they were finished. */
  readonly finished: Map<string, Entry>;
  readonly throughput: Throughput;
  counters: Counters;
}

const CURSOR = /^\d{15}#.+$/;

export class MemoryTaskStore implements TaskStore {
  private readonly entries = new Map<string, Entry>();
  private readonly queues = new Map<string, QueueLists>();

  /** @param retentionMs how long a finished task is kept */
  constructor(private readonly retentionMs: number) {}

  async add(task: Task, maxOpen: number): Promise<AddOutcome> {
    const present = this.entries.get(task.taskId);
    if (present) return { kind: 'repeated', task: present.task };
    const lists = this.listsOf(task.queue);
    this.queues.set(task.queue, lists);
    if (lists.open.length >= maxOpen) {
      raise(lists, 'refused');
      return { kind: 'full' };
    }
    const entry = { task };
    this.entries.set(task.taskId, entry);
    insert(lists.open, entry);
    raise(lists, counterOf(undefined, task.status));
    return { kind: 'added' };
  }

  async get(taskId: string): Promise<Task | undefined> {
    return this.entries.get(taskId)?.task;
  }

  async list(queue: string, status: ListedStatus, { limit, cursor }: PageRequest): Promise<Page<Task>> {
    const lists = this.listsOf(queue);
    const list = finalList(lists, status) ?? lists.open;
    const items: Task[] = [];
    for (let at = cursor === undefined ? list.length - 1 : indexOf(list, placeIn(cursor)) - 1; at >= 0; at--) {
      const { task } = list[at] as Entry;
      if (task.status !== status) continue;
      if (items.length === limit) return { items, nextCursor: writeCursor((items.at(-1) as Task).place) };
      items.push(task);
    }
    return { items };
  }

  async heads(queue: string, order: Order, limit: number, now: number): Promise<readonly string[]> {
    const { open } = this.listsOf(queue);
    const heads: string[] = [];
    for (let step = 0; step < open.length && heads.length < limit; step++) {
      const { task } = open[order === 'fifo' ? step : open.length - 1 - step] as Entry;
      if (isIdle(task, now) && task.expiresAt > now) heads.push(task.taskId);
    }
    return heads;
  }

  async claim(taskId: string, grant: Grant): Promise<ClaimOutcome> {
    const entry = this.entries.get(taskId);
    if (!entry || !isClaimable(entry.task, grant.claimedAt)) return { kind: 'refused', task: entry?.task };
    entry.task = claimed(entry.task, grant);
    return { kind: 'claimed', task: entry.task };
  }

  async replace(before: Task, after: Task): Promise<boolean> {
    const entry = this.entries.get(before.taskId);
    if (!entry || !standsAs(entry.task, before)) return false;
    const lists = this.listsOf(before.queue);
    entry.task = after;
    if (isOpen(before) !== isOpen(after)) this.move(lists, entry, before);
    raise(lists, counterOf(before.status, after.status));
    return true;
  }

  async listOverdue(queue: string, now: number, limit: number): Promise<readonly Task[]> {
    const tasks: Task[] = [];
    for (const { task } of this.listsOf(queue).open) {
      if (tasks.length === limit) break;
      if (settledIfOverdue(task, now)) tasks.push(task);
    }
    return tasks;
  }

  async figures(queue: string, now: number): Promise<QueueFigures> {
    const { open, FAILURE, counters, throughput } = this.listsOf(queue);
    const pending = open.filter(({ task }) => task.status === 'PENDING');
    const due = open.filter(({ task }) => isClaimable(task, now));
    return {
      pending: pending.length,
      taken: open.length - pending.length,
      deadLetters: FAILURE.length,
      delayed: pending.filter(({ task }) => task.notBefore > now).length,
      backlog: due.length,
      oldestPendingAt: pending[0]?.task.createdAt,
      newestPendingAt: pending.at(-1)?.task.createdAt,
      oldestDueAt: due.reduce<number | undefined>(
        (oldest, { task }) => Math.min(oldest ?? Number.POSITIVE_INFINITY, dueSince(task)),
        undefined,
      ),
      throughputPerSecond: throughput.perSecond(now),
      counters,
      approximate: [],
    };
  }

  async tidy(queue: string, now: number): Promise<void> {
    const lists = this.listsOf(queue);
    for (const { task } of lists.finished.values()) {
      if ((task.finishedAt as number) + this.retentionMs > now) break;
      this.forget(lists, task);
    }
  }

  async remove(seen: Task): Promise<boolean> {
    const entry = this.entries.get(seen.taskId);
    if (!entry || !standsAs(entry.task, seen)) return false;
    this.forget(this.listsOf(seen.queue), entry.task);
    return true;
  }

  private forget(lists: QueueLists, { taskId, status, place }: Task): void {
    lists.finished.delete(taskId);
    this.entries.delete(taskId);
    const list = finalList(lists, status);
    if (list) remove(list, place);
  }

  /** Puts an entry where it belongs after it was finished or redriven. */
  private move(lists: QueueLists, entry: Entry, before: Task): void {
    const { task } = entry;
    if (isOpen(task)) {
      lists.finished.delete(task.taskId);
      const list = finalList(lists, before.status);
      if (list) remove(list, task.place);
      insert(lists.open, entry);
      return;
    }
    remove(lists.open, task.place);
    const list = finalList(lists, task.status);
    if (list) insert(list, entry);
    lists.finished.set(task.taskId, entry);
    if (task.status === 'SUCCESS' || task.status === 'FAILURE') lists.throughput.record(task.finishedAt as number);
  }

  /** The lists of a queue, for reading; asking for a queue that has none leaves nothing behind. */
  private listsOf(queue: string): QueueLists {
    return this.queues.get(queue) ?? emptyLists();
  }
}

const emptyLists = (): QueueLists => ({
  open: [],
  FAILURE: [],
  SHED: [],
  CANCELLED: [],
  finished: new Map(),
  throughput: new Throughput(),
  counters: noCounts,
});

const finalList = (lists: QueueLists, status: TaskStatus): Entry[] | undefined =>
  status === 'FAILURE' || status === 'SHED' || status === 'CANCELLED' ? lists[status] : undefined;

function raise(lists: QueueLists, counter: keyof Counters | undefined): void {
  if (counter) lists.counters = { ...lists.counters, [counter]: lists.counters[counter] + 1 };
}

/** Where a place stands in a list, or would. */
function indexOf(list: readonly Entry[], place: string): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as Entry).task.place < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(list: Entry[], entry: Entry): void {
  const newest = list.at(-1);
  if (!newest || newest.task.place < entry.task.place) list.push(entry);
  else list.splice(indexOf(list, entry.task.place), 0, entry);
}

function remove(list: Entry[], place: string): void {
  const index = indexOf(list, place);
  if (list[index]?.task.place === place) list.splice(index, 1);
}

function placeIn(cursor: string): string {
  const place = Buffer.from(cursor, 'base64url').toString();
  if (!CURSOR.test(place)) throw invalidCursor();
  return place;
}
