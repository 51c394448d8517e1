/** A steady rate with a burst: a token bucket of `burst` tokens, refilled at `requests` per `perSeconds`. */
export interface Rate {
  readonly requests: number;
  readonly perSeconds: number;
  /** The most that may pass at once. */
  readonly burst: number;
}

/**
 * Time is counted in units small enough that a millisecond and a request are whole numbers of them, so that nothing is
 * rounded: at 3 requests in 2 seconds, a millisecond has 3 units and a request takes 2,000.
 */
export interface Scale {
  readonly unitsPerMs: number;
  readonly unitsPerRequest: number;
}

/** From when on units are counted: 2025-01-01, epoch ms. */
export const EPOCH = 1_735_689_600_000;
/** Until when every count is to be a safe integer: 2075-01-01, epoch ms. */
export const LAST_TIME = 3_313_526_400_000;

export function scaleOf({ requests, perSeconds }: Rate): Scale {
  const periodMs = perSeconds * 1_000;
  const divisor = greatestCommonDivisor(requests, periodMs);
  return { unitsPerMs: requests / divisor, unitsPerRequest: periodMs / divisor };
}

const greatestCommonDivisor = (one: number, other: number): number =>
  other === 0 ? one : greatestCommonDivisor(other, one % other);

/** A time in the units of a rate. @param time epoch ms */
export const unitsAt = (time: number, rate: Rate): number => (time - EPOCH) * scaleOf(rate).unitsPerMs;

/** How long an empty bucket takes to be full, ms, rounded up. */
export const fillMs = (rate: Rate): number => {
  const { unitsPerMs, unitsPerRequest } = scaleOf(rate);
  return ceilDivide(rate.burst * unitsPerRequest, unitsPerMs);
};

/** Exact where `a / b` would be rounded first. Both are safe integers, b above 0. */
export const floorDivide = (a: number, b: number): number => {
  const rest = ((a % b) + b) % b;
  return (a - rest) / b;
};

export const ceilDivide = (a: number, b: number): number => -floorDivide(-a, b);
