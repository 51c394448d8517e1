import type { Random } from '../src/ports/system.ts';

/** A time in which tasks arrive at one rate. */
export interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** Tasks per second. */
  readonly rate: number;
}

export interface Arrival {
  /** ms since the begin of the run. */
  readonly at: number;
  readonly phase: string;
}

/** Arrivals at random, as those of callers who know nothing of each other (a Poisson process). The same for the same numbers. */
export function planArrivals(phases: readonly Phase[], random: Random): Arrival[] {
  const arrivals: Arrival[] = [];
  let begin = 0;
  for (const { name, seconds, rate } of phases) {
    const end = begin + seconds * 1000;
    const pause = (): number => (-Math.log(1 - random.next()) / rate) * 1000;
    if (rate > 0) for (let at = begin + pause(); at < end; at += pause()) arrivals.push({ at, phase: name });
    begin = end;
  }
  return arrivals;
}
