import { pino } from 'pino';
import { endOnFailure } from '../end-on-failure.ts';
import { makeTables } from './operate.ts';

await endOnFailure(async () => {
  pino().info({ tables: await makeTables(process.env) }, 'the tables are there');
});
