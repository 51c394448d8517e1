import type { RetrySettings } from './queue.ts';

/** Jitter on a requested wait, as a fraction of it: many callers are given the same one. */
const SPREAD = 0.25;

export interface FailedAttempt {
  /** Its number, from 1. */
  readonly attempt: number;
  /** The wait that the refusing service asked for, ms. */
  readonly retryAfterMs?: number;
}

/**
 * How long a task waits after a failed attempt, ms: exponential backoff with full jitter, so that tasks which failed
 * together do not come back together. A wait that is asked for counts where it is longer.
 *
 * @param random from 0 (included) to 1 (excluded)
 */
export function retryDelayMs(
  { attempt, retryAfterMs = 0 }: FailedAttempt,
  retry: RetrySettings,
  random: number,
): number {
  const bound = Math.min(retry.maxSeconds, retry.firstSeconds * 2 ** (attempt - 1)) * 1_000;
  return Math.floor(Math.max(random * bound, retryAfterMs * (1 + random * SPREAD)));
}
