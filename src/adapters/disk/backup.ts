import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { fileIn, hold, syncFolder } from './data-dir.ts';
import { refuseForeign } from './layout.ts';

/**
 * Writes all data of a folder, as of one moment, into a new file that its owner alone can read. The service may go on
 * meanwhile.
 *
 * @returns the size of the file, bytes
 * @throws Error that says why nothing was written
 */
export function backUp(directory: string, to: string): number {
  const file = fileIn(directory);
  if (!existsSync(file))
    throw new Error(`There is no data in ${resolve(directory)}: set DATA_DIR to the folder of the service.`);
  // Made at once, so that nobody else can read it, and nothing is overwritten.
  try {
    closeSync(openSync(to, 'wx', 0o600));
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw isThere ? new Error(`${to} is there already: name a new file.`) : error;
  }
  try {
    refuseForeign(file);
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      database.prepare('VACUUM INTO ?').run(to);
    } finally {
      database.close();
    }
    chmodSync(to, 0o600);
    sync(to);
    return statSync(to).size;
  } catch (error) {
    rmSync(to, { force: true });
    throw error;
  }
}

/**
 * Makes a backup the data of a folder that holds none.
 *
 * @throws Error that says why nothing was changed
 */
export function restore(directory: string, from: string): void {
  if (!existsSync(from)) throw new Error(`There is no file ${from}.`);
  refuseForeign(from);
  const letGo = hold(directory);
  try {
    const file = fileIn(directory);
    for (const suffix of ['', '-wal'])
      if (existsSync(file + suffix))
        throw new Error(
          `${resolve(directory)} holds data, and nothing is overwritten: move it away, or set DATA_DIR to a new folder.`,
        );
    // Under another name until it is whole.
    const copy = `${file}.restoring`;
    copyFileSync(from, copy, constants.COPYFILE_FICLONE);
    chmodSync(copy, 0o600);
    sync(copy);
    renameSync(copy, file);
    syncFolder(directory);
  } finally {
    letGo();
  }
}

function sync(file: string): void {
  const opened = openSync(file, 'r+');
  try {
    fsyncSync(opened);
    syncFolder(dirname(file));
  } finally {
    closeSync(opened);
  }
}
