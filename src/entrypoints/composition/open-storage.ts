import { openDataDir } from '../../adapters/disk/data-dir.ts';
import { DataDirError } from '../../adapters/disk/data-dir-error.ts';
import { Database } from '../../adapters/disk/database.ts';
import { durable } from '../../adapters/disk/durable.ts';
import type { CoreConfig } from '../config/core.ts';
import { ConfigError } from '../config/read-config.ts';
import { type EmbeddedStorage, inMemory } from './embedded.ts';

/**
 * Opens what the configuration names, where it is no database.
 *
 * @param onLost told why what is on the disk is unknown; the process must end then
 * @throws ConfigError when the folder is held by another process, cannot be written, or holds what this version cannot read
 */
export function openStorage(config: CoreConfig, onLost: (error: unknown) => void): EmbeddedStorage {
  if (config.STORAGE !== 'disk') return inMemory;
  try {
    const disk = new Database(openDataDir(config.DATA_DIR), { onSyncFailed: onLost });
    return { maps: disk, disk, durable: (store) => durable(disk, store) };
  } catch (error) {
    throw error instanceof DataDirError ? new ConfigError([`DATA_DIR ${error.message}`]) : error;
  }
}
