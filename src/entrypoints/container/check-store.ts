import type { Logger } from 'pino';
import { within } from '../../adapters/common/deadline.ts';
import type { Loop } from '../composition/context.ts';
import { sweep } from '../composition/loops.ts';
import { ConfigError } from '../config/read-config.ts';

/** How long the start waits for the store. */
const ANSWER_MS = 5_000;

/**
 * Checks that the configuration fits what the store holds. Where the store does not answer, the service starts all the
 * same, and asks again until it does.
 *
 * @param check gives what does not fit, a sentence each
 * @param seconds between two attempts
 * @returns what asks again, at once and then in turns; what keeps it from an answer and what it finds are errors in the log
 * @throws ConfigError
 */
export async function checkStore(
  check: () => Promise<readonly string[]>,
  seconds: number,
  logger: Logger,
): Promise<readonly Loop[]> {
  const found = await within(ANSWER_MS, check()).catch(() => 'late' as const);
  if (found !== 'late') {
    if (found.length > 0) throw new ConfigError(found);
    return [];
  }
  let isDone = false;
  return [
    sweep('checking the store', seconds, logger, async () => {
      if (isDone) return;
      for (const problem of await check()) logger.error(problem);
      isDone = true;
    }),
  ];
}
