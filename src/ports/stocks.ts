import type { Page, PageRequest } from '../domain/shared/page.ts';
import type { ConfirmedRates, RateTable } from '../domain/stocks/rates.ts';
import type { Stock } from '../domain/stocks/stock.ts';

export interface StockChange {
  readonly stockId: string;
  readonly value: string;
  /** Without one the stock keeps its currency; a new one gets `DEFAULT_CURRENCY`. */
  readonly currency: string | undefined;
  /** Epoch ms. */
  readonly updatedAt: number;
}

/** Stocks by id. Every method reads what was written before it, and answers or rejects within 2 s. */
export interface StockStore {
  /** @throws DomainError `STORE_UNAVAILABLE` */
  get(stockId: string): Promise<Stock | undefined>;

  /**
   * Stores a stock under its id, in place of the one that is there. Of several first puts at once, one creates.
   * A value comes back from the other methods digit for digit.
   *
   * @returns the stock as it is stored now, and whether there was none before
   * @throws DomainError `STORE_UNAVAILABLE`; putting the same again is safe
   */
  put(change: StockChange): Promise<{ readonly stock: Stock; readonly created: boolean }>;

  /**
   * As `put`, but only while the stock is as it was seen: the same content put at the same time, or not there at all.
   *
   * @param seen undefined for a stock that was not there
   * @returns undefined when it was not as seen any more, and nothing is changed
   * @throws DomainError `STORE_UNAVAILABLE`; it may be changed all the same
   */
  replace(
    seen: Stock | undefined,
    change: StockChange,
  ): Promise<{ readonly stock: Stock; readonly created: boolean } | undefined>;

  /**
   * Removes a stock.
   *
   * @param seen removes it only while it is as it was seen
   * @returns whether there was one (as seen); also true where an attempt that got no answer may have removed it
   * @throws DomainError `STORE_UNAVAILABLE`; deleting again is safe
   */
  delete(stockId: string, seen?: Stock): Promise<boolean>;

  /**
   * All stocks, each once, in no particular order.
   *
   * @throws DomainError `INVALID_REQUEST` for a cursor that this store did not make, `STORE_UNAVAILABLE`
   */
  list(page: PageRequest): Promise<Page<Stock>>;
}

/** The rates by which values are converted. */
export interface ExchangeRates {
  /**
   * The best table there is now. An answer, good or bad, comes within 2.9 s.
   *
   * @param spentMs what of that time the caller has spent already; none unless given
   * @throws DomainError `STOCKS_RATES_UNAVAILABLE` when no source answers and no earlier table may be served
   */
  latest(spentMs?: number): Promise<ConfirmedRates>;
}

export interface RateRequest {
  /** The source answers or rejects within this time, ms. */
  readonly withinMs: number;
  /** `etag` of the table that the caller holds. */
  readonly etag?: string | undefined;
}

export type RateAnswer =
  | {
      readonly kind: 'table';
      readonly table: RateTable;
      /** Names this version of the table, if the source says so. */
      readonly etag: string | undefined;
      /** How long the source says that this may be kept, ms. */
      readonly maxAgeMs: number | undefined;
      /** Entries that had to be left out, and why. */
      readonly warnings: readonly string[];
    }
  /** The source's table is still the one that `etag` names. */
  | { readonly kind: 'unchanged'; readonly maxAgeMs: number | undefined };

/** A publisher of rates. */
export interface RateSource {
  /** Its name in `RATE_SOURCES`, which answers show. */
  readonly name: string;
  /**
   * Names what it publishes: two sources with one id are the same to everybody who shares a cache.
   * Tells name, base, address and query apart; holds no credential.
   */
  readonly id: string;

  /**
   * Whether it should not be asked now: it said so, it refused the key, or it failed again and again.
   *
   * @param isUrgent there are no other rates to serve; then only a few seconds of that count
   */
  isCoolingDown(isUrgent: boolean): boolean;

  /**
   * Asks for everything it publishes.
   *
   * @throws Error that says what went wrong and carries no credential
   */
  fetch(request: RateRequest): Promise<RateAnswer>;
}

/** A table in a cache. */
export interface RateEntry {
  /** `id` of the source that published it. */
  readonly sourceId: string;
  readonly etag: string | undefined;
  readonly rates: ConfirmedRates;
}

export type LeaseOutcome =
  /** The lease is the caller's. */
  | { readonly kind: 'taken' }
  /** Somebody else has it. */
  | { readonly kind: 'held' }
  /** Nobody may have it for that long, ms: the last holder said so. */
  | { readonly kind: 'paused'; readonly ms: number };

/**
 * One table, and the lease of whoever renews it, shared by all who use the same cache and key. Every method rejects
 * when the cache cannot answer in a fraction of a second; that costs nothing but the sharing.
 *
 * Times of an entry are those of the process that puts or gets it. Between processes the cache counts by a clock of its
 * own, so that an entry may look older than it is by what a request takes, and never younger.
 */
export interface RateCache {
  /** The entry put last, or undefined when there is none, it has expired or cannot be read. */
  get(): Promise<RateEntry | undefined>;

  /** Stores an entry for that long. One that was confirmed later stays: a late writer cannot bring back old rates. */
  put(entry: RateEntry, ttlMs: number): Promise<void>;

  /** Takes the lease for that long, 10 s at most, or renews it, if nobody else has it and it is not paused. */
  lease(holder: string, ms: number): Promise<LeaseOutcome>;

  /** Gives the lease back, if it is still the holder's. Nobody may take it for another `pauseMs`, 10 s at most. */
  release(holder: string, pauseMs: number): Promise<void>;
}
