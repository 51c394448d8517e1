import { closeSync, fdatasync, openSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';
import { type DataDir, fileIn, syncFolder } from './data-dir.ts';

/**
 * The shortest time between two commits, ms: all changes that come meanwhile share one. Each turn of the event loop would be
 * too often, since Node lets in one new connection a turn.
 */
const COMMIT_EVERY_MS = 1;

/** SQLite's own code for a disk without room. */
const SQLITE_FULL = 13;
/** The log needs about as much before it is begun anew. */
const MIN_FREE_BYTES = 8 * 1024 * 1024;
const SLOW_MS = 5_000;
/** How long a disk that was full counts as full, while nothing is stored. */
const FULL_MS = 10_000;

const syncData = promisify(fdatasync);

export type SqlValue = string | number | null;

/** Changes that become durable together, or not at all. */
interface Transaction {
  readonly durable: Promise<void>;
  succeed(): void;
  fail(error: unknown): void;
  /** Takes back what memory holds of the changes, newest last. */
  readonly undo: (() => void)[];
}

/**
 * The data of a folder, on one connection. A change is made at once and seen by every read; it is durable once the promise
 * of {@link durable} resolves:
 *
 *     change … change ──1 ms──▶ COMMIT ──▶ sync of the log, beside the event loop ──▶ durable
 *                               (waits for nothing)   (one at a time, for all commits before it)
 *
 * A commit that fails, as on a full disk, takes back all of its changes, those in memory included.
 */
export class Database {
  private readonly log: number;
  private open: Transaction | undefined;
  /** Committed and not synced, oldest first. */
  private committed: Transaction[] = [];
  /** Those whose sync is under way. */
  private syncing: Transaction[] = [];
  /** By a monotonic clock, ms, as are the times below. */
  private committedAt = Number.NEGATIVE_INFINITY;
  private syncBegan: number | undefined;
  /** The log was empty, or synced, when it was opened. */
  private syncedAt = performance.now();
  private slowestMs = 0;
  /** When a commit failed for want of room, by a monotonic clock, ms; undefined once one had room. */
  private fullAt: number | undefined;
  private isClosed = false;
  private readonly database: DatabaseSyncInstance;
  /** Rises with every change. */
  changes = 0;
  /** Rises with every transaction that is taken back. */
  takenBack = 0;

  /** @param onSyncFailed called once the log could not be synced: what is on the disk is unknown, and the process must end */
  constructor(
    private readonly dataDir: DataDir,
    private readonly onSyncFailed: (error: unknown) => void,
  ) {
    this.database = dataDir.database;
    // The descriptor stays good: SQLite begins its log anew in the same file.
    this.log = openSync(`${fileIn(dataDir.directory)}-wal`, 'r');
    syncFolder(dataDir.directory);
  }

  prepare(sql: string): StatementSyncInstance {
    return this.database.prepare(sql);
  }

  /**
   * Makes a change.
   *
   * @param undo takes back what memory holds of it
   * @throws DomainError `STORE_UNAVAILABLE`, with nothing of the transaction left
   */
  run(statement: StatementSyncInstance, values: readonly SqlValue[], undo?: () => void): void {
    const transaction = this.open ?? this.begin();
    try {
      statement.run(...values);
      this.changes++;
      if (undo) transaction.undo.push(undo);
    } catch (error) {
      throw this.takeBack(transaction, error);
    }
  }

  /** Resolves when all changes up to now are durable, and rejects if they are taken back; undefined if they are durable already. */
  durable(): Promise<void> | undefined {
    return (this.open ?? this.committed.at(-1) ?? this.syncing.at(-1))?.durable;
  }

  /**
   * How the disk is, without writing to it: `full` when there is no room, `slow` when a sync takes far too long. In both
   * cases only changes are refused, or wait.
   */
  async check(): Promise<'ok' | 'full' | 'slow'> {
    if (performance.now() - (this.syncBegan ?? Number.POSITIVE_INFINITY) > SLOW_MS) return 'slow';
    const wasFull = performance.now() - (this.fullAt ?? Number.NEGATIVE_INFINITY) < FULL_MS;
    return wasFull || (await this.freeBytes()) < MIN_FREE_BYTES ? 'full' : 'ok';
  }

  /** What is free on the disk, bytes. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.dataDir.directory);
    return bavail * bsize;
  }

  /** How long ago the last sync ended, ms. While nothing changes, none is made. */
  syncAge(): number {
    return Math.round(performance.now() - this.syncedAt);
  }

  /** How long the slowest sync since the last call took, ms; 0 if there was none. */
  slowestSync(): number {
    const slowest = this.slowestMs;
    this.slowestMs = 0;
    return slowest;
  }

  /** @throws DomainError `STORE_UNAVAILABLE` once it is closed, for what is still under way then */
  ensureOpen(): void {
    if (this.isClosed) throw storeUnavailable();
  }

  /** Makes everything durable, and lets go of the folder. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (this.open) this.commit(this.open);
    await this.durable();
    closeSync(this.log);
    this.dataDir.release();
  }

  private begin(): Transaction {
    this.ensureOpen();
    try {
      this.database.exec('BEGIN IMMEDIATE');
    } catch (error) {
      throw storeUnavailable(error);
    }
    const transaction = newTransaction();
    this.open = transaction;
    const commit = (): void => this.commit(transaction);
    if (performance.now() - this.committedAt < COMMIT_EVERY_MS) setTimeout(commit, COMMIT_EVERY_MS);
    else setImmediate(commit);
    return transaction;
  }

  private commit(transaction: Transaction): void {
    if (this.open !== transaction) return;
    try {
      this.database.exec('COMMIT');
    } catch (error) {
      this.takeBack(transaction, error);
      return;
    }
    this.open = undefined;
    this.fullAt = undefined;
    this.committedAt = performance.now();
    this.committed.push(transaction);
    void this.sync();
  }

  /** @returns what callers are told */
  private takeBack(transaction: Transaction, cause: unknown): Error {
    // After some errors SQLite has done so itself.
    if (this.database.isTransaction) this.database.exec('ROLLBACK');
    this.open = undefined;
    this.takenBack++;
    if ((cause as { errcode?: number }).errcode === SQLITE_FULL) this.fullAt = performance.now();
    for (const undo of transaction.undo.reverse()) undo();
    const error = storeUnavailable(cause);
    transaction.fail(error);
    return error;
  }

  private async sync(): Promise<void> {
    if (this.syncing.length > 0) return;
    while (this.committed.length > 0) {
      this.syncing = this.committed;
      this.committed = [];
      this.syncBegan = performance.now();
      try {
        await syncData(this.log);
      } catch (error) {
        this.onSyncFailed(error);
        return;
      }
      this.syncedAt = performance.now();
      this.slowestMs = Math.max(this.slowestMs, this.syncedAt - this.syncBegan);
      this.syncBegan = undefined;
      const durable = this.syncing;
      this.syncing = [];
      for (const transaction of durable) transaction.succeed();
    }
  }
}

function newTransaction(): Transaction {
  let succeed = (): void => undefined;
  let fail = (_error: unknown): void => undefined;
  const durable = new Promise<void>((resolve, reject) => {
    succeed = resolve;
    fail = reject;
  });
  // Not everybody waits for it.
  durable.catch(() => undefined);
  return { durable, succeed, fail, undo: [] };
}
