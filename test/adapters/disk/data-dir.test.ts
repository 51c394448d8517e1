import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseSync } from '@photostructure/sqlite';
import { backUp, restore } from '../../../src/adapters/disk/backup.ts';
import { fileIn, openDataDir } from '../../../src/adapters/disk/data-dir.ts';
import { DataDirError } from '../../../src/adapters/disk/errors.ts';
import { layOut, STEPS } from '../../../src/adapters/disk/layout.ts';

const root = mkdtempSync(join(tmpdir(), 'portside-data-'));
let made = 0;
let directory: string;
beforeEach(() => {
  directory = join(root, `${++made}`);
});
afterAll(() => rmSync(root, { recursive: true }));

/** A folder that was used and closed. */
function used(entries = 1): void {
  const { database, release } = openDataDir(directory);
  const insert = database.prepare(`INSERT INTO entries (map, key, value) VALUES ('m', ?, ?)`);
  for (let number = 0; number < entries; number++) insert.run(`${number}`, 'x'.repeat(500));
  release();
}

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

describe('a folder of data', () => {
  it('is made with its parents, for its owner alone, and holds everything in one file when it is closed', () => {
    directory = join(directory, 'deep', 'inside');
    const { release } = openDataDir(directory);
    const modes = readdirSync(directory).map((name) => [name, statSync(join(directory, name)).mode & 0o777]);
    expect(modes.length).toBeGreaterThan(3);
    expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);

    release();
    const empty = readdirSync(directory).filter(
      (name) => !/holder|-shm/.test(name) && statSync(join(directory, name)).size === 0,
    );
    expect(empty.sort()).toEqual(['lock', 'portside.db-wal']);
  });

  it('has one holder, whose name others are told, and is free afterwards', () => {
    const { release } = openDataDir(directory);
    expect(() => openDataDir(directory)).toThrow(
      new RegExp(`is held by process ${process.pid} on \\S+: stop that process`),
    );
    release();
    openDataDir(directory).release();
  });

  it('cannot be where it cannot be written', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => openDataDir(join(root, 'file', 'inside'))).toThrow(/cannot be written \(.+\): give the user/);
  });

  const foreign: Readonly<Record<string, [plant: (file: string) => void, why: RegExp]>> = {
    'of a newer version': [
      (file) => change(file, 'PRAGMA user_version = 99'),
      /which a newer version of Portside wrote \(format 99; this one knows up to \d+\): start that version/,
    ],
    'of another program': [
      (file) => {
        rmSync(file);
        change(file, 'CREATE TABLE others (a)');
      },
      /is not a file of Portside: set another folder/,
    ],
    'that is no database': [(file) => writeFileSync(file, 'x'.repeat(5_000)), /damaged.*npm run restore/],
    'with a page overwritten': [(file) => overwrite(file, 2 * 4_096, 4_096), /damaged.*npm run restore/],
    'that was cut off': [(file) => writeFileSync(file, readFileSync(file).subarray(0, 8 * 4_096)), /damaged/],
    'whose header is spoilt': [(file) => overwrite(file, 0, 16), /damaged/],
  };
  it.each(Object.entries(foreign))('with a file %s is refused and left as it is', (_, [plant, why]) => {
    used(200);
    const file = fileIn(directory);
    plant(file);
    const [before, names] = [hashOf(file), readdirSync(directory)];

    expect(() => openDataDir(directory)).toThrow(DataDirError);
    expect(() => openDataDir(directory)).toThrow(why);
    expect(hashOf(file)).toBe(before);
    expect(readdirSync(directory)).toEqual(names);
  });

  it.each([
    ['empty', ''],
    ['without tables', 'PRAGMA journal_mode = WAL; VACUUM'],
  ])('may hold a file that is %s, as a process leaves it that ends while it makes one', (_, sql) => {
    mkdirSync(directory);
    writeFileSync(fileIn(directory), '');
    if (sql) change(fileIn(directory), sql);
    used();
    expect(entriesOf(directory)).toHaveLength(1);
  });

  it('of an earlier version is brought to this one, and keeps what it holds', () => {
    used(3);
    const database = new DatabaseSync(fileIn(directory));
    layOut(database, [...STEPS, 'ALTER TABLE entries ADD COLUMN later TEXT']);
    layOut(database, [...STEPS, 'this would fail if it were done again']);
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: STEPS.length + 1 });
    expect(database.prepare('SELECT key, later FROM entries').all()).toEqual(
      ['0', '1', '2'].map((key) => ({ key, later: null })),
    );
    database.close();
    expect(() => openDataDir(directory)).toThrow(/newer version/);
  });
});

describe('a backup', () => {
  it('holds what there was while the folder is in use, for its owner alone, and can be restored', () => {
    used(100);
    const { database, release } = openDataDir(directory);
    database.exec(`INSERT INTO entries (map, key, value) VALUES ('m', 'newest', '1')`);
    const file = join(root, 'backup.db');
    const bytes = backUp(directory, file);
    release();

    expect(statSync(file)).toMatchObject({ size: bytes, mode: 0o100600 });
    const other = join(root, 'restored');
    restore(other, file);
    expect(entriesOf(other)).toEqual(entriesOf(directory));
    expect(entriesOf(other)).toHaveLength(101);
    expect(statSync(fileIn(other)).mode & 0o777).toBe(0o600);
  });

  it('overwrites nothing, and neither does a restore', () => {
    used();
    const file = join(root, 'there.db');
    writeFileSync(file, 'something');
    expect(() => backUp(directory, file)).toThrow(/is there already/);
    expect(readFileSync(file, 'utf8')).toBe('something');

    const backup = join(root, 'fine.db');
    backUp(directory, backup);
    const before = hashOf(fileIn(directory));
    expect(() => restore(directory, backup)).toThrow(/holds data, and nothing is overwritten/);
    expect(hashOf(fileIn(directory))).toBe(before);
  });

  it('is refused where there is no data, and a restore from what is no backup', () => {
    expect(() => backUp(directory, join(root, 'none.db'))).toThrow(/There is no data in/);
    expect(() => restore(directory, join(root, 'none.db'))).toThrow(/There is no file/);
    writeFileSync(join(root, 'junk.db'), 'x'.repeat(5_000));
    expect(() => restore(directory, join(root, 'junk.db'))).toThrow(DataDirError);
    expect(readdirSync(root)).not.toContain(`${made}`);
  });
});

function entriesOf(folder: string): unknown[] {
  const { database, release } = openDataDir(folder);
  const rows = database.prepare('SELECT key, value FROM entries ORDER BY id').all();
  release();
  return rows;
}

function change(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

function overwrite(file: string, at: number, bytes: number): void {
  const content = readFileSync(file);
  content.fill(0xee, at, at + bytes);
  writeFileSync(file, content);
}
