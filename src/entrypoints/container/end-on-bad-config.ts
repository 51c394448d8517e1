import { pino } from 'pino';
import { ConfigError } from '../composition/config.ts';

/** The exit code for wrong configuration (`EX_CONFIG` of sysexits.h). */
const BAD_CONFIG = 78;

/** Runs a program; wrong settings are all named in the log and end it with 78. */
export async function endOnBadConfig(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const logger = pino();
    for (const problem of error.problems) logger.fatal(problem);
    process.exitCode = BAD_CONFIG;
  }
}
