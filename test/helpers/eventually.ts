import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again and again until the answer holds.
 *
 * @param withinMs how long to try
 * @returns the answer that held
 * @throws Error with the last answer, or the last error's message, when the time is over
 */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  holds: (answer: T) => boolean,
  withinMs = 20_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (holds(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`did not hold within ${withinMs} ms; last: ${describe(last)}`);
    await delay(10);
  }
}

const describe = (value: unknown): string => (value instanceof Error ? value.message : JSON.stringify(value));
