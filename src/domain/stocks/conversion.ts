import { convert, type Rounding } from './money.ts';
import { type Provenance, pricesIn, type RateTable } from './rates.ts';

/** An amount in several currencies. */
export interface Conversion {
  /** Decimal strings, each with its currency's digits unless others were asked for. */
  readonly values: ReadonlyMap<string, string>;
  /** Currencies in which there is no value, since the table of rates has no usable one. */
  readonly missing: readonly string[];
  /** Undefined if no rates were needed. */
  readonly rates: Provenance | undefined;
}

/** How amounts are rounded. */
export interface RoundingRules {
  readonly rounding: Rounding;
  /** 0–8, in place of each currency's own. */
  readonly digits: number | undefined;
}

/**
 * @param table needed if one of the currencies is another than that of the amount
 * @returns the amount in each of the currencies, as far as the table goes
 */
export function convertEach(
  { amount, from }: { readonly amount: string; readonly from: string },
  currencies: readonly string[],
  table: RateTable | undefined,
  { rounding, digits }: RoundingRules,
): Omit<Conversion, 'rates'> {
  const values = new Map<string, string>();
  const missing: string[] = [];
  for (const currency of currencies) {
    const prices = pricesIn(table, from, currency);
    if (prices) values.set(currency, convert(amount, ...prices, currency, rounding, digits));
    else missing.push(currency);
  }
  return { values, missing };
}
