import type { ExchangeRates } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';
import { parseCurrency } from './currencies.ts';
import { crossRate } from './money.ts';
import { type ConfirmedRates, type Provenance, provenanceOf, rateOf } from './rates.ts';

export interface RatesQuery {
  /** The source's own base unless given. */
  readonly base?: string | undefined;
  /** All that the source has unless given. */
  readonly currencies?: readonly string[] | undefined;
}

export interface ListedRates extends Provenance {
  /** Price of one unit of the base: the source's own digits, or 10 significant ones for a cross rate. */
  readonly rates: ReadonlyMap<string, string>;
}

export class ListRates {
  constructor(
    private readonly exchangeRates: ExchangeRates,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `INVALID_REQUEST`, `STOCKS_RATE_MISSING`, `STOCKS_RATES_UNAVAILABLE` */
  async execute(query: RatesQuery): Promise<ListedRates> {
    const asked = query.currencies?.map((text) => parseCurrency(text, 'currencies'));
    const askedBase = query.base === undefined ? undefined : parseCurrency(query.base, 'base');
    const table = await this.exchangeRates.latest();
    const base = askedBase ?? table.base;
    const currencies = asked ?? [table.base, ...table.rates.keys()].filter((currency) => currency !== base);
    const rates = new Map(currencies.map((currency) => [currency, priceOf(table, base, currency)]));
    return { ...provenanceOf(table, this.clock.now()), base, rates };
  }
}

function priceOf(table: ConfirmedRates, base: string, currency: string): string {
  const [from, to] = [rateOf(table, base), rateOf(table, currency)];
  if (currency === base) return '1';
  return base === table.base ? to : crossRate(from, to);
}
