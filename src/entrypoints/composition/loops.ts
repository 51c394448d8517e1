import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Loop } from './context.ts';

/** Repeats some work, with a pause of `seconds` after each run. A failure is logged, and the work tried again. */
export function sweep(name: string, seconds: number, logger: Logger, work: () => Promise<void>): Loop {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await work().catch((error) => logger.error({ err: error }, `${name} failed; it is tried again in ${seconds} s`));
      await delay(seconds * 1000, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  return {
    start: () => {
      running = run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
