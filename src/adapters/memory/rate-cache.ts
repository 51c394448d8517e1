import type { LeaseOutcome, RateCache, RateEntry } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';

/** The cache of a process that shares its rates with no other. */
export class MemoryRateCache implements RateCache {
  private stored: { readonly entry: RateEntry; readonly until: number } | undefined;
  /** Without a holder it is a pause. */
  private taken: { readonly holder: string | undefined; readonly until: number } | undefined;

  /**
   * @param clock by which entries age
   * @param monotonic ms on a clock that only goes forward, for leases and pauses
   */
  constructor(
    private readonly clock: Clock,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  async get(): Promise<RateEntry | undefined> {
    return this.unexpired();
  }

  async put(entry: RateEntry, ttlMs: number): Promise<void> {
    const there = this.unexpired();
    if (there && there.rates.confirmedAt > entry.rates.confirmedAt) return;
    this.stored = { entry, until: this.clock.now() + ttlMs };
  }

  async lease(holder: string, ms: number): Promise<LeaseOutcome> {
    const now = this.monotonic();
    if (this.taken && this.taken.holder !== holder && now < this.taken.until)
      return this.taken.holder === undefined ? { kind: 'paused', ms: this.taken.until - now } : { kind: 'held' };
    this.taken = { holder, until: now + ms };
    return { kind: 'taken' };
  }

  async release(holder: string, pauseMs: number): Promise<void> {
    const now = this.monotonic();
    if (this.taken?.holder === holder && now < this.taken.until)
      this.taken = { holder: undefined, until: now + pauseMs };
  }

  private unexpired(): RateEntry | undefined {
    return this.stored && this.clock.now() < this.stored.until ? this.stored.entry : undefined;
  }
}
