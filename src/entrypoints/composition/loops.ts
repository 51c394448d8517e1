import type { Logger } from 'pino';
import { within } from '../../adapters/common/deadline.ts';
import { pause } from '../../adapters/common/pause.ts';
import type { Loop } from './context.ts';

/** A run that is under way at the stop is left behind after so long. */
const STOP_MS = 4_000;

/**
 * Repeats some work, with a pause of `seconds` after each run. A failure is logged, and the work tried again.
 *
 * @param work may take long: a process that ends waits for it no longer than that, and another one does it again
 */
export function sweep(name: string, seconds: number, logger: Logger, work: () => Promise<void>): Loop {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await work().catch((error) => logger.error({ err: error }, `${name} failed; it is tried again in ${seconds} s`));
      await pause(seconds * 1000, stopping.signal);
    }
  };
  return {
    start: () => {
      running = run();
    },
    stop: async () => {
      stopping.abort();
      if (running) await within(STOP_MS, running);
    },
  };
}
