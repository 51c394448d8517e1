const FIRST_BOUND_MS = 1_000;
const LAST_BOUND_MS = 60_000;

/**
 * How long a task waits after a failed attempt, ms: exponential backoff with full jitter, so that tasks which failed
 * together do not come back together.
 *
 * @param attempt the one that failed, from 1
 * @param random from 0 (included) to 1 (excluded)
 */
export const retryDelayMs = (attempt: number, random: number): number =>
  Math.floor(random * Math.min(LAST_BOUND_MS, FIRST_BOUND_MS * 2 ** (attempt - 1)));
