import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { DataDirError } from './errors.ts';

/** How long something waits for a backup, or for the end of another process, ms. */
export const BUSY_MS = 5_000;

/** Marks a file as one of Portside's, in its header. */
const APPLICATION_ID = 0x506f7274;

/**
 * Each step takes the file from one version to the next; the first makes it. A step that was released never changes.
 *
 * - `entries`: maps that are in memory as well. `id` is the order of the map.
 * - `items`: what there may be millions of, by a name, a part and a key.
 * - `tasks`: what finds a task stands in columns. `ready` is 1 when it was due at the last look, 0 while it is not, and
 *   null once it is finished.
 */
export const STEPS: readonly string[] = [
  `CREATE TABLE entries (id INTEGER PRIMARY KEY, map TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (map, key));
   CREATE TABLE items (name TEXT, part TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (name, part, key)) WITHOUT ROWID;
   CREATE TABLE tasks (
     taskId TEXT PRIMARY KEY, queue TEXT NOT NULL, place TEXT NOT NULL, status TEXT NOT NULL, task TEXT NOT NULL,
     ready INTEGER, dueAt INTEGER, expiresAt INTEGER, isSpent INTEGER, overdueAt INTEGER, finishedAt INTEGER
   );
   CREATE INDEX listed ON tasks (queue, status, place);
   CREATE INDEX ready ON tasks (queue, place, dueAt, expiresAt, isSpent, status, taskId) WHERE ready = 1;
   CREATE INDEX waiting ON tasks (queue, dueAt) WHERE ready = 0;
   CREATE INDEX overdue ON tasks (queue, overdueAt) WHERE ready IS NOT NULL;
   CREATE INDEX finished ON tasks (finishedAt) WHERE finishedAt IS NOT NULL;`,
];

/** Brings a file to the version of this program, which is the number of steps. */
export function layOut(database: DatabaseSyncInstance, steps = STEPS): void {
  const version = numberOf(database, 'user_version');
  if (version === steps.length) return;
  database.exec('BEGIN IMMEDIATE');
  for (const step of steps.slice(version)) database.exec(step);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${steps.length}; COMMIT`);
}

/** SQLite's own codes for files that are not what they should be: CORRUPT and NOTADB. */
const DAMAGED = [11, 26];

/**
 * Reads a file without changing it, and no other one than Portside's.
 *
 * @param work is given the file
 * @param mayBeEmpty whether it may hold nothing at all, as a process leaves it that ends while it makes one
 * @throws DataDirError for one that is damaged, of a newer version, not one of Portside's, or that cannot be read
 */
export function readOurs<T>(file: string, work: (database: DatabaseSyncInstance) => T, mayBeEmpty = false): T {
  let database: DatabaseSyncInstance | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    const version = numberOf(database, 'user_version');
    const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
    if (numberOf(database, 'application_id') !== APPLICATION_ID && !(isEmpty && mayBeEmpty))
      throw new DataDirError(`holds ${file}, which is not a file of Portside: set another folder`);
    if (version > STEPS.length)
      throw new DataDirError(
        `holds ${file}, which a newer version of Portside wrote (format ${version}; this one knows up to ${STEPS.length}): ` +
          'start that version, or set another folder',
      );
    const [found] = database.prepare('PRAGMA quick_check(1)').all();
    if (found?.quick_check !== 'ok') throw damaged(file, String(found?.quick_check));
    return work(database);
  } catch (error) {
    if (error instanceof DataDirError) throw error;
    const { message, errcode = 0 } = error as Error & { errcode?: number };
    if (DAMAGED.includes(errcode)) throw damaged(file, message, error);
    const advice = 'give the user of this process the right to';
    throw new DataDirError(`holds ${file}, which cannot be read (${message}): ${advice}`, error);
  } finally {
    database?.close();
  }
}

/** @param how in SQLite's words */
const damaged = (file: string, how: string, cause?: unknown): DataDirError =>
  new DataDirError(
    `holds ${file}, which is damaged (${how.replace(/\s+/g, ' ')}). Nothing was changed. Move the folder away and restore a ` +
      'backup into a new one: npm run restore -- <file>',
    cause,
  );

const numberOf = (database: DatabaseSyncInstance, pragma: string): number =>
  Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
