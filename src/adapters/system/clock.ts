import type { Clock } from '../../ports/system.ts';

export const systemClock: Clock = { now: () => Date.now(), earliest: () => Date.now() };

/**
 * A time that goes on by the monotonic clock, whatever the machine's is set to.
 *
 * @param startAt what it is now, epoch ms; the machine's time unless given
 */
export function steadyClock(startAt = Date.now()): Clock {
  const offset = startAt - performance.now();
  const now = () => Math.floor(offset + performance.now());
  return { now, earliest: now };
}
