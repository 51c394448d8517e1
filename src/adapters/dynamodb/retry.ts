import { setTimeout as delay } from 'node:timers/promises';
import { isContention, storeError } from './errors.ts';

const MAX_ATTEMPTS = 8;
const BASE_MS = 20;
const LIMIT_MS = 500;

/** Waits before the next attempt: exponential with full jitter, so that those who collided once part. */
export const backOff = (attempt: number): Promise<void> =>
  delay(Math.random() * Math.min(LIMIT_MS, BASE_MS * 2 ** attempt));

/**
 * Repeats work that is refused because of other traffic, at most eight times. Nothing else is repeated here: what got
 * no answer, the SDK has repeated already.
 *
 * @throws DomainError `STORE_UNAVAILABLE`, or the vendor's error where a repeat cannot help
 */
export async function retry<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work();
    } catch (error) {
      if (!isContention(error) || attempt === MAX_ATTEMPTS) throw storeError(error);
      await backOff(attempt);
    }
}
