import { setTimeout as delay } from 'node:timers/promises';
import { ratesUnavailable } from '../../domain/stocks/errors.ts';
import { type FreshnessRules, freshnessOf, refreshFrom, servableUntil } from '../../domain/stocks/freshness.ts';
import type { ConfirmedRates } from '../../domain/stocks/rates.ts';
import type { ExchangeRates, LeaseOutcome, RateAnswer, RateCache, RateEntry, RateSource } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';

/** How long a caller waits for rates. */
const ANSWER_BUDGET_MS = 2_800;
/** An answer that is ready waits for a refresh no longer than that. */
const SETTLE_MS = 1_000;
/** How long all sources together may take. */
const FETCH_BUDGET_MS = 2_500;
/** Longer than a fetch with all that surrounds it, so that only a holder that died loses its lease. */
const LEASE_MS = 4_000;
/** After a fetch that failed, nobody asks again for so long. */
const PAUSE_MS = 2_000;
/** Entries that a clock further ahead than this has dated are left alone: they would seem fresh for too long. */
const CLOCK_SKEW_MS = 5_000;
/** How often those who wait look whether the holder of the lease is done. */
const POLL_MS = 50;

export interface CachedRatesOptions {
  /** In order of preference. */
  readonly sources: readonly RateSource[];
  readonly cache: RateCache;
  readonly rules: FreshnessRules;
  readonly clock: Clock;
  /** A name for this process that no other has. */
  readonly holder: string;
  /** Told of what went wrong on the way to an answer. */
  readonly onError: (error: unknown, doing: string) => void;
}

type Consultation = LeaseOutcome | { readonly kind: 'up-to-date' } | { readonly kind: 'alone' };

/** Epoch ms. */
interface FetchTimes {
  readonly askedAt: number;
  /** When the answer came, at the latest. */
  readonly answeredAt: number;
}

/**
 * Rates of the first source that answers, fetched by one caller at a time in all processes that share the cache.
 *
 *     fresh               the table that this process holds, without asking anybody
 *     near the end        the same, while one process renews it
 *     expired or missing  one process fetches; the others wait for its table
 *     sources fail        the last table, which is stale, for as long as the rules allow
 *
 * A table of another source than the preferred one is used like any other, while the preferred one is asked again after
 * each pause. Without the shared cache every process does all this for itself.
 */
export class CachedRates implements ExchangeRates {
  private held: RateEntry | undefined;
  private refreshing: Promise<void> | undefined;
  private pausedUntil = 0;

  constructor(private readonly options: CachedRatesOptions) {}

  async latest(spentMs = 0): Promise<ConfirmedRates> {
    const { clock, rules } = this.options;
    const deadline = performance.now() + ANSWER_BUDGET_MS - spentMs;
    for (;;) {
      const now = clock.now();
      this.allowForClockSetBack(now);
      if (this.isDue(now) && now >= this.pausedUntil)
        this.refreshing ??= this.refresh().finally(() => {
          this.refreshing = undefined;
        });

      const rates = this.held?.rates;
      if (rates && now < rates.freshUntil) return rates;
      const left = deadline - performance.now();
      if (this.refreshing && left > 0) await settledWithin(left, this.refreshing);
      else if (rates && now < servableUntil(rates, rules)) return rates;
      else throw ratesUnavailable(PAUSE_MS / 1_000);
    }
  }

  /**
   * Resolves when no refresh is under way, at the latest after a second. A process that is about to stand still waits for
   * it: a request cut in two by the pause would come to nothing.
   */
  async settle(): Promise<void> {
    if (this.refreshing) await settledWithin(SETTLE_MS, this.refreshing);
  }

  /** What is dated in the future would be fresh, or keep everybody from asking, for as long as the clock was set back. */
  private allowForClockSetBack(now: number): void {
    if (this.pausedUntil > now + PAUSE_MS) this.pausedUntil = now;
    const { held } = this;
    if (held && held.rates.confirmedAt > now + CLOCK_SKEW_MS)
      this.held = { ...held, rates: { ...held.rates, confirmedAt: now, freshUntil: now } };
  }

  private isDue(now: number): boolean {
    const { held } = this;
    return !held || held.sourceId !== this.options.sources[0]?.id || now >= refreshFrom(held.rates);
  }

  /** One round: whatever comes of it is in `held` or in `pausedUntil`. Never rejects. */
  private async refresh(): Promise<void> {
    const { clock } = this.options;
    const outcome = await this.consult();
    if (outcome.kind === 'held') await delay(POLL_MS);
    else if (outcome.kind === 'paused') this.pausedUntil = clock.now() + outcome.ms;
    else if (outcome.kind !== 'up-to-date') await this.renew(outcome.kind === 'taken');
  }

  /** Takes over what the others have found, or the lease if that is not enough. */
  private async consult(): Promise<Consultation> {
    const { cache, clock, holder, onError } = this.options;
    try {
      this.adopt(await cache.get());
    } catch (error) {
      onError(error, 'asking the shared cache for rates');
      return { kind: 'alone' };
    }
    if (!this.isDue(clock.now())) return { kind: 'up-to-date' };
    return cache.lease(holder, LEASE_MS).catch((error) => {
      onError(error, 'asking to be the one who renews the rates');
      // Perhaps only the answer was lost. Then the lease has to be given back.
      return { kind: 'taken' };
    });
  }

  private adopt(shared: RateEntry | undefined): void {
    if (!shared) return;
    const { clock, rules } = this.options;
    const { rates } = shared;
    const isNews = !this.held || rates.confirmedAt > this.held.rates.confirmedAt;
    if (!isNews || rates.confirmedAt > clock.now() + CLOCK_SKEW_MS) return;
    // Another process may have other rules.
    const freshUntil = Math.min(rates.freshUntil, rates.confirmedAt + rules.maxFreshMs);
    this.held = { ...shared, rates: { ...rates, freshUntil } };
  }

  private async renew(leased: boolean): Promise<void> {
    const { sources, cache, clock, rules, holder, onError } = this.options;
    const before = this.held;
    this.held = (await this.fetchFromFirst()) ?? before;
    const isPreferred = this.held !== before && this.held?.sourceId === sources[0]?.id;
    const pauseMs = isPreferred ? 0 : PAUSE_MS;
    this.pausedUntil = clock.now() + pauseMs;
    if (!leased) return;
    try {
      if (this.held && this.held !== before)
        await cache.put(this.held, servableUntil(this.held.rates, rules) - clock.now());
      await cache.release(holder, pauseMs);
    } catch (error) {
      onError(error, 'sharing rates');
    }
  }

  /** @returns undefined if no source has anything better than what is held */
  private async fetchFromFirst(): Promise<RateEntry | undefined> {
    const { sources, clock, onError } = this.options;
    const { held } = this;
    const deadline = performance.now() + FETCH_BUDGET_MS;
    for (const [index, source] of sources.entries()) {
      const own = held?.sourceId === source.id ? held : undefined;
      if (own && clock.now() < refreshFrom(own.rates)) return undefined;
      // A source that hangs leaves the others their share of the time.
      const withinMs = Math.max(0, deadline - performance.now()) / (sources.length - index);
      const askedAt = clock.now();
      try {
        const answer = await source.fetch({ withinMs, etag: own?.etag });
        // The source may have answered long before that is read: by a process that stood still meanwhile.
        const answeredAt = Math.min(clock.now(), askedAt + withinMs);
        return this.entryOf(source, answer, own, { askedAt, answeredAt });
      } catch (error) {
        onError(error, `fetching rates from ${source.name}`);
      }
    }
    return undefined;
  }

  private entryOf(source: RateSource, answer: RateAnswer, own: RateEntry | undefined, times: FetchTimes): RateEntry {
    const { rules, onError } = this.options;
    const freshUntil = times.answeredAt + freshnessOf(answer.maxAgeMs, rules);
    const confirmed = { confirmedAt: times.askedAt, freshUntil };
    if (answer.kind === 'table') {
      for (const complaint of answer.complaints) onError(new Error(complaint), `reading the rates of ${source.name}`);
      return { sourceId: source.id, etag: answer.etag, rates: { ...answer.table, ...confirmed } };
    }
    if (!own) throw new Error('it says that its table is unchanged, but none is held');
    return { ...own, rates: { ...own.rates, ...confirmed } };
  }
}

/** Resolves when the work is done or the time is over, whichever comes first. */
async function settledWithin(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
