import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { restore } from '../composition/open-storage.ts';
import { readConfig } from '../config/read-config.ts';
import { endOnFailure } from '../end-on-failure.ts';

/** Makes a backup the data of `DATA_DIR`, which must hold none. */
await endOnFailure(async () => {
  const [file, ...others] = parseArgs({ allowPositionals: true }).positionals;
  if (!file || others.length > 0) throw new Error('Say which backup to restore: npm run restore -- portside-backup.db');
  const { DATA_DIR } = readConfig(process.env, []);
  restore(DATA_DIR, file);
  pino().info({ file, DATA_DIR }, 'the backup is restored: start the service');
}, 1);
