import type { ExchangeRates } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';
import { parseCurrency } from './currencies.ts';
import { crossRate } from './money.ts';
import { assertSomeRate, type ConfirmedRates, type Provenance, pricesIn, provenanceOf, rateOf } from './rates.ts';

export interface RatesQuery {
  /** The source's own base unless given. */
  readonly base?: string | undefined;
  /** All that the source has unless given. */
  readonly currencies?: readonly string[] | undefined;
}

export interface ListedRates extends Provenance {
  /** Price of one unit of the base: the source's own digits, or 10 significant ones for a cross rate. */
  readonly rates: ReadonlyMap<string, string>;
  /** Currencies for which the table has no usable rate. */
  readonly missing: readonly string[];
}

export class ListRates {
  constructor(
    private readonly exchangeRates: ExchangeRates,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws DomainError `INVALID_REQUEST`, `STOCKS_RATE_MISSING` if the base or all currencies have no usable rate,
   * `STOCKS_RATES_UNAVAILABLE`
   */
  async execute(query: RatesQuery): Promise<ListedRates> {
    const asked = query.currencies?.map((text) => parseCurrency(text, 'currencies'));
    const askedBase = query.base === undefined ? undefined : parseCurrency(query.base, 'base');
    const table = await this.exchangeRates.latest();
    const base = askedBase ?? table.base;
    const currencies = asked
      ? [...new Set(asked)]
      : [table.base, ...table.rates.keys()].filter((currency) => currency !== base);
    const rates = new Map<string, string>();
    for (const currency of currencies) {
      const price = priceOf(table, base, currency);
      if (price !== undefined) rates.set(currency, price);
    }
    const missing = currencies.filter((currency) => !rates.has(currency));
    assertSomeRate(table, base, currencies, missing);
    return { ...provenanceOf(table, this.clock.now()), base, rates, missing };
  }
}

function priceOf(table: ConfirmedRates, base: string, currency: string): string | undefined {
  if (currency === base) return '1';
  if (base === table.base) return rateOf(table, currency);
  const prices = pricesIn(table, base, currency);
  return prices && crossRate(...prices);
}
