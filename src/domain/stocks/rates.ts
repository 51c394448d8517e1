import { currencyOf, isCurrency } from './currencies.ts';
import { rateMissing } from './errors.ts';
import { priceInParts, readRate } from './money.ts';

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
 * @param entries currency and rate; the rate a JSON number as it stood in the source's answer, undefined where it had none
 * @returns the rates in plain decimal digits, and what was wrong with the entries of currencies that had to be left out
 */
export function readRates(
  base: string,
  entries: Iterable<readonly [currency: string, rate: string | undefined]>,
): { readonly rates: ReadonlyMap<string, string>; readonly warnings: readonly string[] } {
  const rates = new Map<string, string>();
  const warnings: string[] = [];
  for (const [currency, literal] of entries) {
    if (!isCurrency(currency)) continue;
    const rate = literal === undefined ? undefined : readRate(literal);
    const shown = literal?.slice(0, 40) ?? 'nothing';
    if (rate === undefined) warnings.push(`${currency}: ${shown} is not a rate`);
    else if (currency !== base) rates.set(currency, rate);
    else if (!/^1(?:\.0+)?$/.test(rate)) warnings.push(`${currency} is the base and must be 1, not ${shown}`);
  }
  return { rates, warnings };
}

/**
 * Price of one unit of the table's base in a currency or minor unit; 1 for the base itself, whatever the source says.
 *
 * @returns undefined if the table has no usable rate for it
 */
export function rateOf(table: RateTable, code: string): string | undefined {
  const { currency, perUnit } = currencyOf(code);
  const rate = currency === table.base ? '1' : table.rates.get(currency);
  return rate === undefined ? undefined : priceInParts(rate, perUnit);
}

/** Whether rates are needed to go from one code to the other: not within one currency, such as from GBX to GBP. */
export const needRates = (from: string, to: string): boolean => currencyOf(from).currency !== currencyOf(to).currency;

/**
 * What one and the same thing costs in two currencies or minor units, as far as that is needed to convert between them.
 *
 * @param table needed unless both belong to one currency
 * @returns undefined if the table has no usable rate for one of them
 */
export function pricesIn(
  table: RateTable | undefined,
  from: string,
  to: string,
): readonly [from: string, to: string] | undefined {
  if (!needRates(from, to)) return [currencyOf(from).perUnit, currencyOf(to).perUnit];
  const fromPrice = table && rateOf(table, from);
  const toPrice = table && rateOf(table, to);
  return fromPrice === undefined || toPrice === undefined ? undefined : [fromPrice, toPrice];
}

/**
 * Throws if none of the requested conversions has a rate.
 *
 * @param own the code from which was converted, which needs no rate
 * @param asked may hold `own`
 * @param missing those of `asked` to which could not be converted
 * @throws DomainError `STOCKS_RATE_MISSING` if these are all but `own`
 */
export function assertSomeRate(
  table: RateTable,
  own: string,
  asked: readonly string[],
  missing: readonly string[],
): void {
  if (missing.length === 0 || missing.length < asked.filter((code) => code !== own).length) return;
  throw rateMissing(table.source, rateOf(table, own) === undefined ? [own] : missing);
}
