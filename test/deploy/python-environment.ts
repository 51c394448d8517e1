import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** For a hook that may have to make an environment, ms. */
export const INSTALLATION_MS = 400_000;

/**
 * Provides a virtual environment of its own for a program from PyPI, made at the first use.
 *
 * @param requirements exact versions, the program first
 * @returns the Python in it
 * @throws Error that says what is missing
 */
export async function pythonWith(...requirements: readonly [string, ...string[]]): Promise<string> {
  const name = requirements[0].replace('==', '-').replace(/^aws-/, '');
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'portside', name);
  const python = join(folder, 'bin', 'python3');
  if (existsSync(python)) return python;
  const beside = `${folder}.${process.pid}`;
  await mkdir(join(folder, '..'), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', beside]).catch((error) => {
      throw new Error(`Python 3 with venv is not installed (Debian: apt-get install python3-venv): ${error.message}`);
    });
    await run(join(beside, 'bin', 'python3'), ['-m', 'pip', 'install', '--quiet', '--no-compile', ...requirements]);
    // Of two runs that both make it, the first wins. What is started by `python3 -m` does not mind the move.
    await rename(beside, folder).catch((error) => {
      if (!existsSync(python)) throw error;
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return python;
}
