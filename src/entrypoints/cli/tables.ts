import { pino } from 'pino';
import { contexts } from '../composition/contexts.ts';
import { makeTables } from '../composition/make-tables.ts';
import { endOnBadConfig } from '../container/end-on-bad-config.ts';

await endOnBadConfig(async () => {
  pino().info({ tables: await makeTables(process.env, contexts) }, 'the tables are there');
});
