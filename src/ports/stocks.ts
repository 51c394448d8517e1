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

export interface StockChanged {
  readonly stock: Stock;
  /** Undefined for a stock that is new. */
  readonly before: Stock | undefined;
}

/** Stocks by id. Reads are consistent; every method settles within 2 s. */
export interface StockStore {
  /** @throws DomainError `STORE_UNAVAILABLE` */
  get(stockId: string): Promise<Stock | undefined>;

  /**
   * Stores a stock under its id, in place of the one that is there. Of several first puts at once, one creates.
   * A value comes back from the other methods digit for digit.
   *
   * @returns the stock as it is stored now, and the one that was there before
   * @throws DomainError `STORE_UNAVAILABLE`; putting the same again is safe
   */
  put(change: StockChange): Promise<StockChanged>;

  /**
   * As `put`, but only while the stock is unchanged: the same content put at the same time, or absent.
   *
   * @param seen undefined for a stock that did not exist
   * @returns undefined, with nothing written, if it has changed
   * @throws DomainError `STORE_UNAVAILABLE`; the change may have been made
   */
  replace(seen: Stock | undefined, change: StockChange): Promise<StockChanged | undefined>;

  /**
   * Removes a stock, but only while it is unchanged.
   *
   * @returns whether it was as seen; also true where an attempt that got no answer may have removed it
   * @throws DomainError `STORE_UNAVAILABLE`; deleting again is safe
   */
  delete(seen: Stock): Promise<boolean>;

  /**
   * All stocks, each once, in no particular order.
   *
   * @throws DomainError `INVALID_REQUEST` for a text that is no cursor (`sortKeyIn`), `STORE_UNAVAILABLE`
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
      /** Entries that were left out, and why. */
      readonly warnings: readonly string[];
    }
  /** The source's table is still the one that `etag` names. */
  | { readonly kind: 'unchanged'; readonly maxAgeMs: number | undefined };

/** A publisher of rates. */
export interface RateSource {
  /** Its name in `RATE_SOURCES`, which answers show. */
  readonly name: string;
  /**
   * Identifies what it publishes, in a shared cache. Differs by name, base, address and query; holds no credential.
   */
  readonly id: string;

  /**
   * Whether it is in a cooldown: it asked for one, refused the key, or failed repeatedly.
   *
   * @param isUrgent there are no other rates to serve; the cooldown is then capped at a few seconds
   */
  isCoolingDown(isUrgent: boolean): boolean;

  /**
   * Fetches everything it publishes.
   *
   * @throws Error whose message carries no credential
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
  /** Another process holds it. */
  | { readonly kind: 'held' }
  /** Its last holder asked for a pause, ms; no process may take it before that is over. */
  | { readonly kind: 'paused'; readonly ms: number };

/**
 * One table, and the lease of the process that renews it, shared by all processes with the same cache and key. Every method
 * rejects when the cache does not answer in a fraction of a second; callers then work without sharing.
 *
 * Times of an entry are those of the process that puts or gets it. Between processes the cache counts by a clock of its
 * own, so that an entry may look older than it is by what a request takes, and never younger.
 */
export interface RateCache {
  /** The entry put last, or undefined when there is none, it has expired or cannot be read. */
  get(): Promise<RateEntry | undefined>;

  /** Stores an entry for that long. One that was confirmed later stays: a late writer cannot bring back old rates. */
  put(entry: RateEntry, ttlMs: number): Promise<void>;

  /** Takes or renews the lease for that long, 10 s at most, unless another process holds it or it is paused. */
  lease(holder: string, ms: number): Promise<LeaseOutcome>;

  /** Gives the lease back, if it is still the holder's, and pauses it for `pauseMs`, 10 s at most. */
  release(holder: string, pauseMs: number): Promise<void>;
}
