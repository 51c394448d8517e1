import { pino } from 'pino';
import { ConfigError } from './config/read-config.ts';

/** The exit code for wrong configuration (`EX_CONFIG` of sysexits.h). */
const BAD_CONFIG = 78;

/** Runs a program; what it fails of is logged and ends it: wrong settings, all of them named, with 78, the rest with 1. */
export async function endOnFailure(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    // Written at once and in order: the process ends before a line that waits its turn is out.
    const logger = pino(pino.destination({ sync: true }));
    if (error instanceof ConfigError) for (const problem of error.problems) logger.fatal(problem);
    else logger.fatal({ err: error }, (error as Error).message);
    process.exit(error instanceof ConfigError ? BAD_CONFIG : 1);
  }
}
