import { isCurrency } from './currencies.ts';
import { rateMissing } from './errors.ts';
import { readRate } from './money.ts';

/** Everything that a source publishes at one time. */
export interface RateTable {
  /** The source's name in `RATE_SOURCES`. */
  readonly source: string;
  readonly base: string;
  /** The source's own time of its rates, epoch ms. */
  readonly asOf: number;
  /** Price of one unit of the base in each other currency: decimal strings above 0. */
  readonly rates: ReadonlyMap<string, string>;
}

/** A table and how long it may be relied on. */
export interface ConfirmedRates extends RateTable {
  /** When the source last said that this is its table, epoch ms. */
  readonly confirmedAt: number;
  /** Epoch ms; from then on the table is stale. */
  readonly freshUntil: number;
}

/** Whose rates an answer rests on, and how good they are. */
export interface Provenance {
  readonly base: string;
  /** Epoch ms. */
  readonly asOf: number;
  readonly source: string;
  /** Whole seconds since the source last confirmed the table. */
  readonly ageSeconds: number;
  /** Whether the table is past its freshness. */
  readonly stale: boolean;
}

export const provenanceOf = (
  { base, asOf, source, confirmedAt, freshUntil }: ConfirmedRates,
  now: number,
): Provenance => ({
  base,
  asOf,
  source,
  ageSeconds: Math.max(0, Math.floor((now - confirmedAt) / 1_000)),
  stale: now >= freshUntil,
});

/**
 * The rates of a table, as a source wrote them, that can be used: those of current currencies other than the base.
 *
 * @param entries currency and rate; the rate a JSON number as it stood in the source's answer
 * @returns the rates in plain decimal digits, and what was wrong with the entries of currencies that had to be left out
 */
export function readRates(
  base: string,
  entries: Iterable<readonly [currency: string, rate: string]>,
): { readonly rates: ReadonlyMap<string, string>; readonly complaints: readonly string[] } {
  const rates = new Map<string, string>();
  const complaints: string[] = [];
  for (const [currency, literal] of entries) {
    if (!isCurrency(currency)) continue;
    const rate = readRate(literal);
    const shown = literal.slice(0, 40);
    if (rate === undefined) complaints.push(`${currency}: ${shown} is not a rate`);
    else if (currency !== base) rates.set(currency, rate);
    else if (!/^1(?:\.0+)?$/.test(rate)) complaints.push(`${currency} is the base and must be 1, not ${shown}`);
  }
  return { rates, complaints };
}

/**
 * Price of one unit of the table's base in a currency; 1 for the base itself, whatever the source says.
 *
 * @throws DomainError `STOCKS_RATE_MISSING`
 */
export function rateOf(table: RateTable, currency: string): string {
  const rate = currency === table.base ? '1' : table.rates.get(currency);
  if (rate === undefined) throw rateMissing(table.source, currency);
  return rate;
}
