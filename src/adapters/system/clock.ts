import type { Clock } from '../../ports/system.ts';

export const systemClock: Clock = { now: () => Date.now(), earliest: () => Date.now() };

/** The machine's time as of now, epoch ms, and from then on ahead by the monotonic clock, whatever the machine's is set to. */
export function steadyClock(): Clock {
  const offset = Date.now() - performance.now();
  const now = () => Math.floor(offset + performance.now());
  return { now, earliest: now };
}
