import type { Clock, Ids, Random } from '../../src/ports/system.ts';
import type { ActiveMark, ActiveQueues } from '../../src/ports/tasks.ts';

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

/** A clock that runs, and can be set. */
export class RunningClock implements Clock {
  private aheadMs = 0;

  /** @param base what it shows unless it is set */
  constructor(private readonly base: () => number = Date.now) {}

  now(): number {
    return this.base() + this.aheadMs;
  }

  earliest(): number {
    return this.now();
  }

  advance(ms: number): void {
    this.aheadMs += ms;
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

/** Active queues as the test has them. */
export class FakeActiveQueues implements ActiveQueues {
  readonly marks = new Map<string, ActiveMark>();
  isComplete = false;
  private count = 0;

  constructor(private readonly clock: Clock) {}

  async list() {
    return { marks: new Map(this.marks), isComplete: this.isComplete };
  }

  async mark(queues: readonly string[]): Promise<void> {
    for (const queue of queues) this.marks.set(queue, { id: String(++this.count), at: this.clock.now() });
  }

  touch(queue: string): Promise<void> {
    return this.mark([queue]);
  }

  async renew(queue: string): Promise<void> {
    if (this.marks.has(queue)) await this.mark([queue]);
  }

  async forget(queue: string, { id }: ActiveMark): Promise<void> {
    if (this.marks.get(queue)?.id === id) this.marks.delete(queue);
  }

  async completed(): Promise<void> {
    this.isComplete = true;
  }
}
