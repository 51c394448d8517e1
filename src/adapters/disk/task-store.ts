import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';
import type { Order } from '../../domain/tasks/order.ts';
import { type Counters, counterOf, dueSince, noCounts, type QueueStats } from '../../domain/tasks/queue-stats.ts';
import {
  claimed,
  isClaimable,
  isOpen,
  isUnchangedSince,
  type Lease,
  type Task,
  type TaskStatus,
} from '../../domain/tasks/task.ts';
import type { AddOutcome, ClaimOutcome, ListedStatus, TaskStore } from '../../ports/tasks.ts';
import { Throughput } from '../common/throughput.ts';
import type { Database, SqlValue } from './database.ts';
import { DiskMap } from './maps.ts';

/** How many tasks a queue has in the statuses that are counted. */
interface Counts {
  readonly open: Readonly<Record<'PENDING' | 'TAKEN', number>>;
  readonly deadLetters: number;
  readonly counters: Counters;
}

const NONE: Counts = { open: { PENDING: 0, TAKEN: 0 }, deadLetters: 0, counters: noCounts };
/** As many finished tasks as are deleted at once, so that requests have their turn. */
const FORGET_AT_ONCE = 500;

/** Tasks on disk alone, with the columns by which they are found; what a queue holds is counted with each change. */
export class DiskTaskStore implements TaskStore {
  private readonly counts: Map<string, Counts>;
  private readonly throughput = new Map<string, Throughput>();
  private readonly statements;
  private forgetting: Promise<void> | undefined;

  /** @param retentionMs how long a finished task is kept */
  constructor(
    private readonly database: Database,
    private readonly retentionMs: number,
  ) {
    this.counts = new DiskMap<Counts>(database, 'task-counts');
    this.statements = statementsOf(database);
  }

  async add(task: Task, maxOpen: number): Promise<AddOutcome> {
    const present = this.find(task.taskId);
    if (present) return { kind: 'repeated', task: present };
    const { open } = this.countsOf(task.queue);
    if (open.PENDING + open.TAKEN >= maxOpen) {
      this.count(task.queue, {}, 'refused');
      return { kind: 'full' };
    }
    this.keep(undefined, task);
    return { kind: 'added' };
  }

  async get(taskId: string): Promise<Task | undefined> {
    return this.find(taskId);
  }

  async list(queue: string, status: ListedStatus, { limit, cursor }: PageRequest): Promise<Page<Task>> {
    const before = cursor === undefined ? LAST : sortKeyIn(cursor);
    return pageFrom(tasksIn(this.statements.list.all(queue, status, before, limit + 1)), limit, ({ place }) => place);
  }

  async listClaimable(queue: string, order: Order, limit: number, now: number): Promise<readonly string[]> {
    this.promoteDelayed(queue, now);
    const { oldestFirst, newestFirst } = this.statements;
    const rows = (order === 'fifo' ? oldestFirst : newestFirst).all(queue, now, now, limit);
    return rows.map((row) => row.taskId as string);
  }

  async claim(taskId: string, lease: Lease): Promise<ClaimOutcome> {
    const task = this.find(taskId);
    if (!task || !isClaimable(task, lease.claimedAt)) return { kind: 'refused', task };
    const after = claimed(task, lease);
    this.keep(task, after);
    return { kind: 'claimed', task: after };
  }

  async replace(before: Task, after: Task): Promise<boolean> {
    const task = this.find(before.taskId);
    if (!task || !isUnchangedSince(task, before)) return false;
    this.keep(task, after);
    return true;
  }

  async remove(seen: Task): Promise<boolean> {
    const task = this.find(seen.taskId);
    if (!task || !isUnchangedSince(task, seen)) return false;
    this.database.run(this.statements.remove, [task.taskId]);
    this.count(task.queue, { from: task.status });
    return true;
  }

  async listOverdue(queue: string, now: number, limit: number): Promise<readonly Task[]> {
    return tasksIn(this.statements.overdue.all(queue, now, limit));
  }

  async nextDueAt(queue: string, now: number): Promise<number | undefined> {
    const { isReady, due, overdueAt } = (this.statements.next.get({ queue }) ?? {}) as Partial<Record<string, number>>;
    if (isReady) return now;
    const times = [due, overdueAt].filter((at) => typeof at === 'number');
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async stats(queue: string, now: number): Promise<QueueStats> {
    const { open, deadLetters, counters } = this.countsOf(queue);
    const { backlog, pending, oldestDueAt } = this.statements.backlog.get({ queue, now }) as Record<string, number>;
    const [oldest] = tasksIn(this.statements.oldest.all(queue));
    const [newest] = tasksIn(this.statements.list.all(queue, 'PENDING', LAST, 1));
    return {
      pending: open.PENDING,
      delayed: open.PENDING - (pending as number),
      taken: open.TAKEN,
      deadLetters,
      backlog: backlog as number,
      oldestPendingAt: oldest?.createdAt,
      newestPendingAt: newest?.createdAt,
      oldestDueAt: oldestDueAt ?? undefined,
      throughputPerSecond: this.throughput.get(queue)?.perSecond(now),
      counters,
      approximate: [],
    };
  }

  async runMaintenance(_queue: string, now: number): Promise<boolean> {
    this.forgetting ??= this.forgetFinished(now - this.retentionMs).finally(() => {
      this.forgetting = undefined;
    });
    await this.forgetting;
    return true;
  }

  /** Of all queues. */
  private async forgetFinished(before: number): Promise<void> {
    for (;;) {
      const found = this.statements.expired.all(before, FORGET_AT_ONCE) as Record<string, string>[];
      for (const { taskId, queue, status } of found) {
        this.database.run(this.statements.remove, [taskId as string]);
        if (status === 'FAILURE') this.count(queue as string, { from: status });
      }
      if (found.length < FORGET_AT_ONCE) return;
      await this.database.durable();
    }
  }

  private find(taskId: string): Task | undefined {
    return tasksIn(this.statements.find.all(taskId))[0];
  }

  private keep(before: Task | undefined, after: Task): void {
    const isNew = before === undefined;
    this.database.run(this.statements.keep, [after.taskId, after.queue, after.place, ...columnsOf(after, isNew)]);
    this.count(after.queue, { from: before?.status, to: after.status }, counterOf(before?.status, after.status));
    const isDone = after.status === 'SUCCESS' || after.status === 'FAILURE';
    if (before && isOpen(before) && isDone) this.recordFinish(after);
  }

  private recordFinish({ queue, finishedAt }: Task): void {
    const throughput = this.throughput.get(queue) ?? new Throughput();
    throughput.record(finishedAt as number);
    this.throughput.set(queue, throughput);
  }

  private count(queue: string, change: { from?: TaskStatus; to?: TaskStatus }, counter?: keyof Counters): void {
    const { open, deadLetters, counters } = this.countsOf(queue);
    const gain = (status: TaskStatus): number => Number(change.to === status) - Number(change.from === status);
    this.counts.set(queue, {
      open: { PENDING: open.PENDING + gain('PENDING'), TAKEN: open.TAKEN + gain('TAKEN') },
      deadLetters: deadLetters + gain('FAILURE'),
      counters: counter ? { ...counters, [counter]: counters[counter] + 1 } : counters,
    });
  }

  private countsOf(queue: string): Counts {
    return this.counts.get(queue) ?? NONE;
  }

  /** Marks tasks that have become due, so that queries do not scan past those that have not. */
  private promoteDelayed(queue: string, now: number): void {
    if (this.statements.hasDelayed.get(queue, now)) this.database.run(this.statements.promote, [queue, now]);
  }
}

/** Behind every sort key. */
const LAST = '\u{10ffff}';

const tasksIn = (rows: readonly Record<string, unknown>[]): Task[] =>
  rows.map(({ task }) => JSON.parse(task as string));

/** From `status` on, as the statement `keep` has them. */
function columnsOf(task: Task, isNew: boolean): SqlValue[] {
  const { status, finishedAt = null, createdAt, expiresAt, leaseUntil = 0 } = task;
  const json = JSON.stringify(task);
  if (!isOpen(task)) return [status, json, null, null, null, null, null, finishedAt];
  const dueAt = dueSince(task);
  const isSpent = task.attempt >= task.maxAttempts;
  // As in `expiredIfOverdue`.
  const overdueAt = isSpent && leaseUntil > 0 && leaseUntil < expiresAt ? leaseUntil : Math.max(leaseUntil, expiresAt);
  return [status, json, Number(isNew && dueAt <= createdAt), dueAt, expiresAt, Number(isSpent), overdueAt, null];
}

function statementsOf(database: Database) {
  const claimable = (direction: 'ASC' | 'DESC') =>
    database.prepare(
      `SELECT taskId FROM tasks INDEXED BY ready WHERE queue = ? AND ready = 1 AND dueAt <= ? AND expiresAt > ?
       ORDER BY place ${direction} LIMIT ?`,
    );
  return {
    find: database.prepare('SELECT task FROM tasks WHERE taskId = ?'),
    keep: database.prepare(
      `INSERT INTO tasks (taskId, queue, place, status, task, ready, dueAt, expiresAt, isSpent, overdueAt, finishedAt)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET status = excluded.status, task = excluded.task, ready = excluded.ready,
         dueAt = excluded.dueAt, expiresAt = excluded.expiresAt, isSpent = excluded.isSpent,
         overdueAt = excluded.overdueAt, finishedAt = excluded.finishedAt`,
    ),
    remove: database.prepare('DELETE FROM tasks WHERE taskId = ?'),
    list: database.prepare(
      'SELECT task FROM tasks WHERE queue = ? AND status = ? AND place < ? ORDER BY place DESC LIMIT ?',
    ),
    oldest: database.prepare(`SELECT task FROM tasks WHERE queue = ? AND status = 'PENDING' ORDER BY place LIMIT 1`),
    oldestFirst: claimable('ASC'),
    newestFirst: claimable('DESC'),
    overdue: database.prepare(
      'SELECT task FROM tasks WHERE queue = ? AND overdueAt <= ? AND ready IS NOT NULL ORDER BY overdueAt LIMIT ?',
    ),
    next: database.prepare(
      `SELECT (SELECT 1 FROM tasks WHERE queue = $queue AND ready = 1 LIMIT 1) AS isReady,
         (SELECT min(dueAt) FROM tasks WHERE queue = $queue AND ready = 0) AS due,
         (SELECT min(overdueAt) FROM tasks WHERE queue = $queue AND ready IS NOT NULL) AS overdueAt`,
    ),
    backlog: database.prepare(
      `SELECT count(*) FILTER (WHERE status = 'PENDING') AS pending,
         count(*) FILTER (WHERE dueAt <= $now AND expiresAt > $now AND isSpent = 0) AS backlog,
         min(dueAt) FILTER (WHERE dueAt <= $now AND expiresAt > $now AND isSpent = 0) AS oldestDueAt
       FROM (SELECT status, dueAt, expiresAt, isSpent FROM tasks INDEXED BY ready WHERE queue = $queue AND ready = 1
         UNION ALL
         SELECT status, dueAt, expiresAt, isSpent FROM tasks INDEXED BY waiting
         WHERE queue = $queue AND ready = 0 AND dueAt <= $now)`,
    ),
    hasDelayed: database.prepare('SELECT 1 FROM tasks WHERE queue = ? AND ready = 0 AND dueAt <= ? LIMIT 1'),
    promote: database.prepare('UPDATE tasks SET ready = 1 WHERE queue = ? AND ready = 0 AND dueAt <= ?'),
    expired: database.prepare(
      'SELECT taskId, queue, status FROM tasks WHERE finishedAt <= ? ORDER BY finishedAt LIMIT ?',
    ),
  };
}
