/** Tokens that were not used are kept for so long: enough to make up for timers that fire late, no more. */
const BURST_SECONDS = 0.1;

/** Lets things happen at a rate, evenly spread. Times are ms on any clock that only goes forward. */
export class TokenBucket {
  private readonly capacity: number;
  private tokens: number;
  private filledAt: number;

  constructor(
    private readonly ratePerSecond: number,
    now: number,
  ) {
    this.capacity = Math.max(1, ratePerSecond * BURST_SECONDS);
    this.tokens = 1;
    this.filledAt = now;
  }

  /** @returns how many tokens were taken, at most `wanted` */
  take(wanted: number, now: number): number {
    this.fill(now);
    const taken = Math.min(wanted, Math.floor(this.tokens));
    this.tokens -= taken;
    return taken;
  }

  /** Takes tokens back that were not used. */
  giveBack(count: number): void {
    this.tokens = Math.min(this.capacity, this.tokens + count);
  }

  /** How long until there is a token. */
  waitMs(now: number): number {
    this.fill(now);
    return Math.max(0, Math.ceil(((1 - this.tokens) / this.ratePerSecond) * 1000));
  }

  private fill(now: number): void {
    this.tokens = Math.min(this.capacity, this.tokens + ((now - this.filledAt) / 1000) * this.ratePerSecond);
    this.filledAt = now;
  }
}
