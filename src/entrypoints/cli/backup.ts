import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { backUp } from '../composition/open-storage.ts';
import { readConfig } from '../config/read-config.ts';
import { endOnFailure } from '../end-on-failure.ts';

/** Writes the data of `DATA_DIR` into a new file; the service may run meanwhile. */
await endOnFailure(async () => {
  const [file, ...others] = parseArgs({ allowPositionals: true }).positionals;
  if (!file || others.length > 0) throw new Error('Say which file to write: npm run backup -- portside-backup.db');
  const { DATA_DIR } = readConfig(process.env, []);
  const bytes = backUp(DATA_DIR, file);
  pino().info({ file, bytes }, 'the backup is written; it holds the keys that were made, so keep it as safe as these');
}, 1);
