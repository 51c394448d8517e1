import type { Clock, Ids, Random } from '../../src/ports/system.ts';

/** A clock that stands still until told otherwise. Epoch ms. */
export class FakeClock implements Clock {
  constructor(private time = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.time;
  }

  earliest(): number {
    return this.time;
  }

  advance(ms: number): void {
    this.time += ms;
  }
}

/** `id-1`, `id-2`, … */
export function countingIds(prefix = 'id'): Ids {
  let count = 0;
  const next = () => `${prefix}-${++count}`;
  return { next, secret: next };
}

/** The same numbers for the same seed (mulberry32), so that a failing schedule can be run again. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}
