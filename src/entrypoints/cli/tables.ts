import { pino } from 'pino';
import { contexts } from '../composition/contexts.ts';
import { makeTables } from '../composition/make-tables.ts';
import { endOnFailure } from '../end-on-failure.ts';

await endOnFailure(async () => {
  pino().info({ tables: await makeTables(process.env, contexts) }, 'the tables are there');
});
