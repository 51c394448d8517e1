import { cursorBehind, type Page, type PageRequest, sortKeyIn } from '../../domain/shared/page.ts';
import type { Order } from '../../domain/tasks/order.ts';
import type { QueueStats } from '../../domain/tasks/queue-stats.ts';
import { claimed, isClaimable, isOpen, isUnchangedSince, type Lease, type Task } from '../../domain/tasks/task.ts';
import type { AddOutcome, ClaimOutcome, ListedStatus, TaskStore } from '../../ports/tasks.ts';
import { type Entry, indexOf, QueueTasks } from './queue-tasks.ts';

/** What a task takes beside its texts, with its places in the lists, bytes. */
const TASK_BYTES = 1_500;

export class MemoryTaskStore implements TaskStore {
  private readonly entries = new Map<string, Entry>();
  private readonly queues = new Map<string, QueueTasks>();
  /** Finished tasks of all queues, in the order in which they were finished. */
  private readonly finished = new Map<string, Entry>();
  /** Of all tasks. */
  private bytes = 0;

  /**
   * @param retentionMs how long a finished task is kept
   * @param maxBytes what all tasks together may take: finished ones go for it, oldest first, then no more are added
   */
  constructor(
    private readonly retentionMs: number,
    private readonly maxBytes = Number.POSITIVE_INFINITY,
  ) {}

  async add(task: Task, maxOpen: number): Promise<AddOutcome> {
    const present = this.entries.get(task.taskId);
    if (present) return { kind: 'repeated', task: present.task };
    const tasks = this.queues.get(task.queue) ?? new QueueTasks();
    this.queues.set(task.queue, tasks);
    const bytes = bytesOf(task);
    if (tasks.openCount >= maxOpen || !this.makeRoom(bytes)) {
      tasks.refuse();
      return { kind: 'full' };
    }
    const entry: Entry = { task, isReady: false };
    this.entries.set(task.taskId, entry);
    this.bytes += bytes;
    tasks.add(entry);
    return { kind: 'added' };
  }

  async get(taskId: string): Promise<Task | undefined> {
    return this.entries.get(taskId)?.task;
  }

  async list(queue: string, status: ListedStatus, { limit, cursor }: PageRequest): Promise<Page<Task>> {
    const list = this.tasksOf(queue).listed(status);
    const items: Task[] = [];
    for (let at = cursor === undefined ? list.length - 1 : indexOf(list, sortKeyIn(cursor)) - 1; at >= 0; at--) {
      const { task } = list[at] as Entry;
      if (task.status !== status) continue;
      if (items.length === limit) return { items, nextCursor: cursorBehind((items.at(-1) as Task).place) };
      items.push(task);
    }
    return { items };
  }

  async listClaimable(queue: string, order: Order, limit: number, now: number): Promise<readonly string[]> {
    return this.tasksOf(queue).claimable(order, limit, now);
  }

  async claim(taskId: string, lease: Lease): Promise<ClaimOutcome> {
    const entry = this.entries.get(taskId);
    if (!entry || !isClaimable(entry.task, lease.claimedAt)) return { kind: 'refused', task: entry?.task };
    this.change(entry, claimed(entry.task, lease));
    return { kind: 'claimed', task: entry.task };
  }

  async replace(before: Task, after: Task): Promise<boolean> {
    const entry = this.entries.get(before.taskId);
    if (!entry || !isUnchangedSince(entry.task, before)) return false;
    this.change(entry, after);
    return true;
  }

  async remove(seen: Task): Promise<boolean> {
    const entry = this.entries.get(seen.taskId);
    if (!entry || !isUnchangedSince(entry.task, seen)) return false;
    this.forget(entry);
    return true;
  }

  async listOverdue(queue: string, now: number, limit: number): Promise<readonly Task[]> {
    return this.tasksOf(queue).overdue(now, limit);
  }

  async nextDueAt(queue: string, now: number): Promise<number | undefined> {
    return this.tasksOf(queue).nextDueAt(now);
  }

  async stats(queue: string, now: number): Promise<QueueStats> {
    return this.tasksOf(queue).stats(now);
  }

  async runMaintenance(_queue: string, now: number): Promise<boolean> {
    for (const entry of this.finished.values()) {
      if ((entry.task.finishedAt as number) + this.retentionMs > now) break;
      this.forget(entry);
    }
    return true;
  }

  private change(entry: Entry, after: Task): void {
    const before = entry.task;
    this.tasksOf(after.queue).change(entry, after);
    this.bytes += bytesOf(after) - bytesOf(before);
    if (isOpen(after)) this.finished.delete(after.taskId);
    else if (isOpen(before)) this.finished.set(after.taskId, entry);
    this.makeRoom(0);
  }

  /** Forgets finished tasks until there is room; the last one stays, so that its result can be read. */
  private makeRoom(bytes: number): boolean {
    for (const entry of this.finished.values()) {
      if (this.bytes + bytes <= this.maxBytes || this.finished.size === 1) break;
      this.forget(entry);
    }
    return this.bytes + bytes <= this.maxBytes;
  }

  private forget(entry: Entry): void {
    const { task } = entry;
    this.finished.delete(task.taskId);
    this.entries.delete(task.taskId);
    this.bytes -= bytesOf(task);
    this.tasksOf(task.queue).forget(entry);
  }

  /** The tasks of a queue, for reading; asking for a queue that has none leaves nothing behind. */
  private tasksOf(queue: string): QueueTasks {
    return this.queues.get(queue) ?? new QueueTasks();
  }
}

/** About what a task takes in memory; text takes no more there than in UTF-8. */
function bytesOf({ payload, result = '', error = '', history = [] }: Task): number {
  const errors = history.reduce((bytes, end) => bytes + 200 + 2 * (end.error?.length ?? 0), 0);
  return TASK_BYTES + Buffer.byteLength(payload) + Buffer.byteLength(result) + 2 * error.length + errors;
}
