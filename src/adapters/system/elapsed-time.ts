import type { Clock } from '../../ports/system.ts';

/**
 * A clock for ages: ms since it was made, time asleep included. Of what the monotonic and the wall clock say has passed
 * since the last look, the greater counts: the one stands still while a machine sleeps or a function is frozen, the
 * other may be set back. So nothing seems younger than it is.
 *
 * @param wall epoch ms
 * @param monotonic ms on a clock that only goes forward
 */
export function elapsedTime(wall = Date.now, monotonic = () => performance.now()): () => number {
  let elapsed = 0;
  let before = { wall: wall(), monotonic: monotonic() };
  return () => {
    const now = { wall: wall(), monotonic: monotonic() };
    elapsed += Math.max(now.wall - before.wall, now.monotonic - before.monotonic);
    before = now;
    return elapsed;
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
