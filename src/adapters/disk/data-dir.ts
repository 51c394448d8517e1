import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { DataDirError } from './errors.ts';
import { BUSY_MS, layOut, readOurs } from './layout.ts';

/** SQLite's own code for a lock that somebody else has. */
const SQLITE_BUSY = 5;

/** The file that holds everything. Beside it SQLite keeps `-wal`, the newest changes, and `-shm`, their index. */
export const fileIn = (directory: string): string => join(directory, 'portside.db');

/** A folder of data that this process holds. */
export interface DataDir {
  readonly directory: string;
  readonly database: DatabaseSyncInstance;
  /** Closes the data and lets go of the folder. */
  release(): void;
}

/**
 * Takes hold of a folder, made if it is not there, and opens its data. A folder that is refused is left as it was.
 *
 * @throws DataDirError when another process holds it, when it cannot be written, and when its file is damaged, is not one
 * of Portside's, or was written by a newer version
 */
export function openDataDir(directory: string): DataDir {
  const letGo = hold(directory);
  try {
    const file = fileIn(directory);
    if (existsSync(file)) readOurs(file, () => undefined, true);
    else make(directory, file);
    const database = open(file);
    const release = (): void => {
      // Else the log would stay as long as it ever was.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      database.close();
      letGo();
    };
    return { directory, database, release };
  } catch (error) {
    letGo();
    throw error;
  }
}

/**
 * Holds the folder for the life of the process: the kernel ends the lock however that ends. The lock is a file of its own,
 * so that backups can read the data meanwhile; who has it stands in another, since a locked file cannot be read.
 *
 * @returns lets go of it
 */
export function hold(directory: string): () => void {
  const holder = join(directory, 'holder');
  const lock = writable(directory, () => {
    makeFolder(directory);
    const lock = join(directory, 'lock');
    // Not when it is there: closing it would end a lock of this process.
    if (!existsSync(lock)) closeSync(openSync(lock, 'a', 0o600));
    const database = new DatabaseSync(lock);
    try {
      // Without a journal file: nothing is ever written to it.
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return database;
    } catch (error) {
      database.close();
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
      const advice = 'stop that process, or set another folder';
      throw new DataDirError(`${directory} is held by ${nameIn(holder)}: ${advice}`, error);
    }
  });
  try {
    writeFileSync(holder, `process ${process.pid} on ${hostname()}\n`, { mode: 0o600 });
  } catch {
    // A full disk. The name is for people alone.
  }
  return () => lock.close();
}

function nameIn(holder: string): string {
  try {
    return readFileSync(holder, 'utf8').trim() || 'another process';
  } catch {
    return 'another process';
  }
}

/** Makes a folder, for its owner alone, and its parents, safe against a loss of power. */
function makeFolder(directory: string): void {
  const firstMade = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (firstMade === undefined) return;
  for (let made = resolve(directory); made.length >= resolve(firstMade).length; made = dirname(made))
    syncFolder(dirname(made));
}

/** Makes the file, for its owner alone; SQLite's other files take its mode. */
function make(directory: string, file: string): void {
  writable(directory, () => {
    closeSync(openSync(file, 'wx', 0o600));
    syncFolder(directory);
  });
}

function open(file: string): DatabaseSyncInstance {
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    // A commit goes to the log and waits for nothing: `Database` syncs the log beside the event loop.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY');
    layOut(database);
    keepWhatIsThere(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * What an earlier process left in the log may never have been synced, or in vain. It goes into the data file anew; on a full disk
 * the log is synced at least.
 */
function keepWhatIsThere(database: DatabaseSyncInstance, file: string): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    const log = openSync(`${file}-wal`, 'r');
    fdatasyncSync(log);
    closeSync(log);
  }
}

/** Makes the names of new files in a folder safe against a loss of power. */
export function syncFolder(directory: string): void {
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function writable<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DataDirError) throw error;
    const advice = 'give the user of this process the right to, or set another folder';
    throw new DataDirError(`${directory} cannot be written (${(error as Error).message}): ${advice}`, error);
  }
}
