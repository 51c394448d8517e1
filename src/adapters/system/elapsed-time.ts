import type { Clock } from '../../ports/system.ts';

/** By less than this the clocks may differ because one has whole ms, and because they are not read at the same time, ms. */
const JITTER_MS = 5;

/**
 * A clock for ages: ms since it was made, time asleep included. Of what the monotonic and the wall clock say has passed,
 * the greater counts: the one stops while a machine sleeps or a function is frozen, the other may be set back. So
 * nothing seems younger than it is, except by a few ms each time that a clock is set or stops.
 *
 * @param wall epoch ms
 * @param monotonic ms on a clock that only goes forward
 */
export function elapsedTime(wall = Date.now, monotonic = () => performance.now()): () => number {
  const start = monotonic();
  let asleep = 0;
  /** By how much the wall clock is ahead of the monotonic one. */
  let ahead = wall() - start;
  return () => {
    const now = monotonic();
    const aheadNow = wall() - now;
    // Summing the differences of single readings would run fast, since each is rounded up.
    if (Math.abs(aheadNow - ahead) >= JITTER_MS) {
      asleep += Math.max(0, aheadNow - ahead);
      ahead = aheadNow;
    }
    return now - start + asleep;
  };
}

/**
 * The time by which something ages that must never seem younger than it is: epoch ms, from the wall clock's at first, and
 * from then on ahead by the {@link elapsedTime}. It never goes back.
 */
export function ageingClock(wall = Date.now, monotonic = () => performance.now()): Clock {
  const start = wall();
  const elapsed = elapsedTime(wall, monotonic);
  const now = () => start + Math.floor(elapsed());
  return { now, earliest: now };
}
