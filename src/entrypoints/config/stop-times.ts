import type { CoreConfig } from './core.ts';

/** How long each part of a stop may take, ms from its begin. */
export interface StopTimes {
  /** Calls of runners may go on until then; what is stored of them comes after. */
  readonly callsMs: number;
  /** Loops and answers that have not ended by then are left to the end of the process: all of them stand a crash. */
  readonly loopsMs: number;
  /** So are closings; what they store is lost. */
  readonly closeMs: number;
  /** Whatever hinders all this, the process ends then. */
  readonly endMs: number;
}

/** Divides the time of a stop, backwards from its end. */
export function stopTimes({ STOP_SECONDS }: Pick<CoreConfig, 'STOP_SECONDS'>): StopTimes {
  const endMs = STOP_SECONDS * 1_000 - 500;
  const closeMs = endMs - 200;
  const loopsMs = closeMs - 1_000;
  return { callsMs: loopsMs - 2_300, loopsMs, closeMs, endMs };
}
