import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileIn, hold, syncFolder } from './data-dir.ts';
import { readOurs } from './layout.ts';

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
  try {
    closeSync(openSync(to, 'wx', 0o600));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? new Error(`${to} is there already: name a new file.`)
      : error;
  }
  const unfinished = `${to}.unfinished`;
  try {
    copy(file, unfinished);
    // Over the empty file of the same name, so that nothing of somebody else's is overwritten.
    renameSync(unfinished, to);
    syncFolder(dirname(resolve(to)));
    return statSync(to).size;
  } catch (error) {
    for (const made of [unfinished, to]) rmSync(made, { force: true });
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
  readOurs(from, () => undefined);
  const letGo = hold(directory);
  try {
    const file = fileIn(directory);
    if (existsSync(file) || existsSync(`${file}-wal`))
      throw new Error(
        `${resolve(directory)} holds data, and nothing is overwritten: move it away, or set DATA_DIR to a new folder.`,
      );
    const unfinished = `${file}.unfinished`;
    copy(from, unfinished);
    renameSync(unfinished, file);
    syncFolder(directory);
  } finally {
    letGo();
  }
}

/** Copies a file with what stands in its log, for its owner alone, and syncs it. One that an earlier copy left is replaced. */
function copy(from: string, to: string): void {
  rmSync(to, { force: true });
  closeSync(openSync(to, 'wx', 0o600));
  readOurs(from, (database) => void database.prepare('VACUUM INTO ?').run(to));
  const copied = openSync(to, 'r+');
  try {
    fsyncSync(copied);
  } finally {
    closeSync(copied);
  }
}
