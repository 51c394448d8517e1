import type { ConfirmedRates } from './rates.ts';

/** How long tables may be relied on, ms. */
export interface FreshnessRules {
  /** A table is fresh at least this long. */
  readonly ttlMs: number;
  /** It is fresh at most this long, whatever its source says. */
  readonly maxFreshMs: number;
  /** How long after the end of its freshness it may be served when every source fails. */
  readonly maxStaleMs: number;
  /** A table whose own time is older than this is of no use, however lately its source confirmed it. */
  readonly maxAsOfAgeMs: number;
}

const EARLY_SHARE = 0.1;
const MAX_EARLY_MS = 5_000;

/** @param maxAgeMs how long the source says that its answer may be kept, if it says so */
export const freshnessOf = (maxAgeMs: number | undefined, { ttlMs, maxFreshMs }: FreshnessRules): number =>
  Math.min(Math.max(ttlMs, maxAgeMs ?? 0), maxFreshMs);

/** From when on a table is renewed although it is still fresh: its last 10 %, at most 5 s. Epoch ms. */
export const refreshFrom = ({ confirmedAt, freshUntil }: ConfirmedRates): number =>
  freshUntil - Math.min((freshUntil - confirmedAt) * EARLY_SHARE, MAX_EARLY_MS);

/** Until when a table may be served at all. Epoch ms. */
export const servableUntil = ({ freshUntil }: ConfirmedRates, { maxStaleMs }: FreshnessRules): number =>
  freshUntil + maxStaleMs;

/** Whether the source's own time of a table (epoch ms) is late enough for its rates to be used. */
export const isRecent = (asOf: number, now: number, { maxAsOfAgeMs }: FreshnessRules): boolean =>
  asOf >= now - maxAsOfAgeMs;
