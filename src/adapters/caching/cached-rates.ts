import { setTimeout as delay } from 'node:timers/promises';
import { ratesUnavailable } from '../../domain/stocks/errors.ts';
import {
  type FreshnessRules,
  freshnessOf,
  isRecent,
  refreshFrom,
  servableUntil,
} from '../../domain/stocks/freshness.ts';
import type { ConfirmedRates, RateTable } from '../../domain/stocks/rates.ts';
import type { ExchangeRates, LeaseOutcome, RateAnswer, RateCache, RateEntry, RateSource } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';
import { within } from '../common/deadline.ts';
import { Broadcast } from './broadcast.ts';

/** How long a caller waits for rates. */
const ANSWER_BUDGET_MS = 2_800;
/** How long {@link CachedRates.flush} waits for a refresh. */
const SETTLE_MS = 1_000;
/** Within this time every source has been asked. Callers with a stale table wait no longer. */
const ASK_ALL_MS = 2_500;
/** A source that has not answered by then is asked again, since the request may have been lost. */
const ASK_AGAIN_MS = 5_000;
/** Timeout of a request to a source. */
const FETCH_MS = 20_000;
/** The holder of a lease that died is replaced after this time; one that lives renews it. */
const LEASE_MS = 4_000;
const RENEW_LEASE_MS = 1_000;
/** The pause of the whole fleet after a failed fetch. */
const PAUSE_MS = 2_000;
/** How often waiting processes poll the shared cache. */
const POLL_MS = 50;

export interface CachedRatesOptions {
  /** In order of preference. */
  readonly sources: readonly RateSource[];
  readonly cache: RateCache;
  readonly rules: FreshnessRules;
  /** By which tables age. It never goes back, and runs on while the machine sleeps. */
  readonly clock: Clock;
  /** The machine's own clock, with which the times that sources give are compared. */
  readonly machineClock: Clock;
  /** Ms on a clock that only goes forward, for pauses. */
  readonly monotonic?: () => number;
  /** Whether the caller has a fallback, so that no source in cooldown has to be asked. */
  readonly hasLastResort?: boolean;
  /** A name for this process that no other has. */
  readonly holder: string;
  /** Called when an answer has to do without fresh rates, since no source gave any. */
  readonly onStale: () => void;
  /** Called with each error on the way to an answer. */
  readonly onError: (error: unknown, doing: string) => void;
}

type CacheCheck = LeaseOutcome | { readonly kind: 'up-to-date' } | { readonly kind: 'no-cache' };

/** Requests to one source that have not been answered yet. */
interface UnderWay {
  count: number;
  /** When the last of them was sent, on the monotonic clock of this process. */
  askedAt: number;
  /** Whether the last of them brought a table. Never rejects. */
  last: Promise<boolean>;
}

/**
 * Rates of the first source that answers, fetched by one process at a time of all that share the cache.
 *
 *     fresh               the table that this process holds, without asking anybody
 *     near the end        the same, while one process renews it
 *     expired or missing  one process fetches; the others wait for its table
 *     sources fail        the last table, which is stale, for as long as the rules allow
 *
 * Sources are asked one after the other. One that is slow goes on being waited for while the next is asked, and after
 * the callers have got their answers:
 *
 *     preferred   ├────── slow ──────────────────────────┤ used from then on
 *     next                   ├─────┤ used meanwhile
 *     callers     ├────────────────┤
 *
 * A table of another source than the preferred one is used like any other, while the preferred one is asked again after
 * each pause. Without the shared cache every process does all this for itself.
 */
export class CachedRates implements ExchangeRates {
  private current: RateEntry | undefined;
  private refreshing: Promise<void> | undefined;
  /** On the clock that only goes forward, ms. */
  private pausedUntil = Number.NEGATIVE_INFINITY;
  /** Until when callers with a stale table wait for the refresh, on the monotonic clock, ms. */
  private patientUntil = 0;
  /** By the source's id. */
  private readonly underWay = new Map<string, UnderWay>();
  /** Notifies of a new table and of the end of a refresh. */
  private readonly changes = new Broadcast();
  private readonly monotonic: () => number;
  /** Whether the cache answered when it was last asked. */
  private isShared = false;

  constructor(private readonly options: CachedRatesOptions) {
    this.monotonic = options.monotonic ?? (() => performance.now());
  }

  async latest(spentMs = 0): Promise<ConfirmedRates> {
    const deadline = performance.now() + ANSWER_BUDGET_MS - spentMs;
    for (;;) {
      if (this.isDue() && !this.isPaused()) this.refreshing ??= this.beginRefresh();

      const now = this.options.clock.now();
      const rates = this.current?.rates;
      if (rates && now < rates.freshUntil) return rates;
      const isServable = this.isServable();
      const left = Math.min(deadline, isServable ? this.patientUntil : deadline) - performance.now();
      if (this.refreshing && left > 0) await this.changes.within(left);
      else {
        this.options.onStale();
        if (rates && isServable) return rates;
        throw ratesUnavailable(PAUSE_MS / 1_000);
      }
    }
  }

  /**
   * Resolves when no refresh is under way, at the latest after a second. To be awaited before
   * Lambda freezes the sandbox: a request in flight would be lost.
   */
  async flush(): Promise<void> {
    if (this.refreshing) await within(SETTLE_MS, this.refreshing);
  }

  private isDue(): boolean {
    const { current } = this;
    return (
      !current ||
      current.sourceId !== this.options.sources[0]?.id ||
      this.options.clock.now() >= refreshFrom(current.rates)
    );
  }

  private isFresh(): boolean {
    return this.current !== undefined && this.options.clock.now() < this.current.rates.freshUntil;
  }

  private isServable(): boolean {
    const { current } = this;
    return current !== undefined && this.options.clock.now() < servableUntil(current.rates, this.options.rules);
  }

  private isRecent({ asOf }: RateTable): boolean {
    return isRecent(asOf, this.options.machineClock.now(), this.options.rules);
  }

  private isPaused(): boolean {
    return this.monotonic() < this.pausedUntil;
  }

  private pause(ms: number): void {
    this.pausedUntil = this.monotonic() + ms;
  }

  private beginRefresh(): Promise<void> {
    this.patientUntil = performance.now() + ASK_ALL_MS;
    return this.refresh().finally(() => {
      this.refreshing = undefined;
      this.changes.notifyAll();
    });
  }

  /** One round: whatever comes of it is in `current` or in `pausedUntil`. Never rejects. */
  private async refresh(): Promise<void> {
    const outcome = await this.checkSharedCache();
    // Bounded, whatever the cache says.
    if (outcome.kind === 'paused') this.pause(Math.min(Math.max(outcome.ms, POLL_MS), PAUSE_MS));
    else if (outcome.kind === 'taken' || outcome.kind === 'no-cache') await this.renew(outcome.kind === 'taken');
    // Waiting callers loop: without a timer here they would spin.
    if (this.isDue() && !this.isPaused()) await delay(POLL_MS);
  }

  /** Merges the shared entry; takes the lease if rates are still due. */
  private async checkSharedCache(): Promise<CacheCheck> {
    const { cache, holder, onError } = this.options;
    try {
      this.mergeShared(await cache.get());
      this.isShared = true;
    } catch (error) {
      this.isShared = false;
      onError(error, 'asking the shared cache for rates');
      return { kind: 'no-cache' };
    }
    if (!this.isDue()) return { kind: 'up-to-date' };
    return cache.lease(holder, LEASE_MS).catch((error) => {
      onError(error, 'asking to be the one who renews the rates');
      // The lease may have been taken with its answer lost, so it must be released.
      return { kind: 'taken' };
    });
  }

  private mergeShared(shared: RateEntry | undefined): void {
    if (!shared) return;
    const { clock, rules } = this.options;
    const confirmedAt = Math.min(shared.rates.confirmedAt, clock.now());
    const isNews = !this.current || confirmedAt > this.current.rates.confirmedAt;
    if (!isNews || !this.isRecent(shared.rates)) return;
    const freshUntil = Math.min(shared.rates.freshUntil, confirmedAt + rules.maxFreshMs);
    this.current = { ...shared, rates: { ...shared.rates, confirmedAt, freshUntil } };
  }

  private async renew(leased: boolean): Promise<void> {
    const { sources, cache, holder, onError } = this.options;
    const renewing = leased
      ? setInterval(() => {
          cache.lease(holder, LEASE_MS).catch((error) => onError(error, 'renewing the lease on the rates'));
        }, RENEW_LEASE_MS).unref()
      : undefined;
    const before = this.current;
    await this.fetchUntilThereAreRates();
    clearInterval(renewing);
    const isPreferred = this.current !== before && this.current?.sourceId === sources[0]?.id;
    const pauseMs = isPreferred ? 0 : PAUSE_MS;
    this.pause(pauseMs);
    if (leased)
      await cache.release(holder, pauseMs).catch((error) => onError(error, 'giving back the lease on the rates'));
  }

  /** Ends with a table, or when every source has failed. */
  private async fetchUntilThereAreRates(): Promise<void> {
    const { sources, hasLastResort } = this.options;
    for (;;) {
      const patient = sources.filter((source) => !source.isCoolingDown(false));
      if (await this.askInTurn(patient)) return;
      const urgent = sources.filter((source) => source.isCoolingDown(false) && !source.isCoolingDown(true));
      if (!hasLastResort && !this.isServable() && (await this.askInTurn(urgent))) return;
      const waitedFor = sources.flatMap(({ id }) => this.underWay.get(id) ?? []);
      if (this.isFresh() || waitedFor.length === 0) return;
      const begun = Math.min(...waitedFor.map(({ askedAt }) => askedAt));
      await this.someAnswer(waitedFor, Math.max(POLL_MS, begun + ASK_AGAIN_MS - performance.now()));
      if (this.isFresh()) return;
    }
  }

  /** @returns whether there is a table that was not there before, or none better to be had */
  private async askInTurn(sources: readonly RateSource[]): Promise<boolean> {
    const deadline = performance.now() + ASK_ALL_MS;
    for (const [index, source] of sources.entries()) {
      const { current } = this;
      if (current?.sourceId === source.id && this.options.clock.now() < refreshFrom(current.rates)) return true;
      // A source that is slow leaves the others their share of the time, and has had it if it was asked long ago.
      const request = this.request(source);
      const share = Math.max(0, deadline - performance.now()) / (sources.length - index);
      await within(request.askedAt + share - performance.now(), request.last);
      if (this.current !== current) return true;
    }
    return false;
  }

  /** Resolves when one of the requests brings a table, when none is left that may, or after that time. */
  private async someAnswer(requests: readonly UnderWay[], ms: number): Promise<void> {
    const { current } = this;
    const end = performance.now() + ms;
    void Promise.all(requests.map(({ last }) => last)).then(() => this.changes.notifyAll());
    while (this.current === current && this.underWay.size > 0 && performance.now() < end)
      await this.changes.within(end - performance.now());
  }

  /** The request to a source that is under way, or another one if there is none or it has been for long. */
  private request(source: RateSource): UnderWay {
    const there = this.underWay.get(source.id);
    if (there && performance.now() < there.askedAt + ASK_AGAIN_MS) return there;
    const requests = there ?? { count: 0, askedAt: 0, last: Promise.resolve(false) };
    this.underWay.set(source.id, requests);
    requests.count++;
    requests.askedAt = performance.now();
    requests.last = this.fetch(source).finally(() => {
      if (--requests.count === 0) this.underWay.delete(source.id);
    });
    return requests;
  }

  private async fetch(source: RateSource): Promise<boolean> {
    const { clock, onError } = this.options;
    const { current } = this;
    const askedAt = clock.now();
    // Of a table that is too old another version is wanted, even if only some of its rows are.
    const ownEntry = current?.sourceId === source.id && this.isRecent(current.rates) ? current : undefined;
    try {
      const answer = await source.fetch({ withinMs: FETCH_MS, etag: ownEntry?.etag });
      // The process may have been frozen between the answer and this line.
      const answeredAt = Math.min(clock.now(), askedAt + FETCH_MS);
      return await this.take(this.entryOf(source, answer, ownEntry, askedAt, answeredAt));
    } catch (error) {
      onError(error, `fetching rates from ${source.name}`);
      return false;
    }
  }

  /** @throws Error that says why the answer cannot be used */
  private entryOf(
    source: RateSource,
    answer: RateAnswer,
    ownEntry: RateEntry | undefined,
    askedAt: number,
    answeredAt: number,
  ): RateEntry {
    const { rules, onError } = this.options;
    const freshUntil = answeredAt + freshnessOf(answer.maxAgeMs, rules);
    const confirmed = { confirmedAt: askedAt, freshUntil };
    if (answer.kind === 'table') {
      for (const complaint of answer.warnings) onError(new Error(complaint), `reading the rates of ${source.name}`);
      if (!this.isRecent(answer.table))
        throw new Error(`its rates are of ${new Date(answer.table.asOf).toISOString()}, which is too old`);
      return { sourceId: source.id, etag: answer.etag, rates: { ...answer.table, ...confirmed } };
    }
    if (!ownEntry) throw new Error('it says that its table is unchanged, but none is held');
    return { ...ownEntry, rates: { ...ownEntry.rates, ...confirmed } };
  }

  /** Uses and shares an entry, unless what is held is better. @returns whether it is used */
  private async take(entry: RateEntry): Promise<boolean> {
    const { cache, clock, rules, onError } = this.options;
    if (this.current && !this.isBetter(entry, this.current)) return false;
    this.current = entry;
    this.changes.notifyAll();
    if (this.isShared)
      await cache
        .put(entry, servableUntil(entry.rates, rules) - clock.now())
        .catch((error) => onError(error, 'sharing rates'));
    return true;
  }

  /** An answer may come late, when the table of another source, or a later one of its own, is there already. */
  private isBetter(entry: RateEntry, current: RateEntry): boolean {
    const { sources, clock } = this.options;
    const rank = ({ sourceId }: RateEntry) => sources.findIndex(({ id }) => id === sourceId);
    const isLater = entry.rates.confirmedAt >= current.rates.confirmedAt;
    if (rank(entry) === rank(current)) return isLater;
    if (rank(entry) < rank(current) && clock.now() < entry.rates.freshUntil) return true;
    return isLater && !this.isFresh();
  }
}
