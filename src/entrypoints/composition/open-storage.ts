import * as backups from '../../adapters/disk/backup.ts';
import { openDataDir } from '../../adapters/disk/data-dir.ts';
import { Database } from '../../adapters/disk/database.ts';
import { durable } from '../../adapters/disk/durable.ts';
import { DataDirError } from '../../adapters/disk/errors.ts';
import { diskMaps } from '../../adapters/disk/maps.ts';
import type { CoreConfig } from '../config/core.ts';
import { ConfigError } from '../config/read-config.ts';
import { type EmbeddedStorage, inMemory } from './embedded.ts';

/**
 * Opens what the configuration names, where it is no database.
 *
 * @param onLost called with the reason why what is on the disk is unknown; the process must end then
 * @throws ConfigError when the folder is held by another process, cannot be written, or holds what this version cannot read
 */
export function openStorage(config: CoreConfig, onLost: (error: unknown) => void): EmbeddedStorage {
  if (config.STORAGE !== 'disk') return inMemory;
  const disk = inWords(() => new Database(openDataDir(config.DATA_DIR), onLost));
  return {
    maps: diskMaps(disk),
    disk,
    durable: (store) => durable(disk, store),
  };
}

function inWords<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof DataDirError ? new ConfigError([`DATA_DIR ${error.message}`]) : error;
  }
}

/**
 * Writes all data of a folder into a new file, while the service may run.
 *
 * @returns the size of the file, bytes
 * @throws Error that says why nothing was written
 */
export const backUp = (directory: string, to: string): number => inWords(() => backups.backUp(directory, to));

/**
 * Makes a backup the data of a folder that holds none.
 *
 * @throws Error that says why nothing was changed
 */
export const restore = (directory: string, from: string): void => inWords(() => backups.restore(directory, from));
