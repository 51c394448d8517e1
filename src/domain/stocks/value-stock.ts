import type { ExchangeRates, StockStore } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';
import { parseCurrency } from './currencies.ts';
import { stockNotFound } from './errors.ts';
import { convert, type Rounding, roundAmount } from './money.ts';
import { type Provenance, provenanceOf, rateOf } from './rates.ts';
import type { Stock } from './stock.ts';

export interface StockValue {
  /** As it was put. */
  readonly stock: Stock;
  /** The value in each currency, the stock's own first: decimal strings with the currency's digits. */
  readonly values: ReadonlyMap<string, string>;
  /** Undefined if only the stock's own currency was asked for, which takes no rates. */
  readonly rates: Provenance | undefined;
}

export class ValueStock {
  constructor(
    private readonly stocks: StockStore,
    private readonly exchangeRates: ExchangeRates,
    private readonly clock: Clock,
    private readonly defaultCurrencies: readonly string[],
    private readonly rounding: Rounding,
  ) {}

  /**
   * @param currencies as the caller names them; lower case and repeats are taken
   * @throws DomainError `INVALID_REQUEST`, `STOCKS_NOT_FOUND`, `STOCKS_RATE_MISSING`, `STOCKS_RATES_UNAVAILABLE`,
   * `STORE_UNAVAILABLE`
   */
  async execute(stockId: string, currencies: readonly string[] = this.defaultCurrencies): Promise<StockValue> {
    const asked = new Set(currencies.map((text) => parseCurrency(text, 'currencies')));
    const start = this.clock.now();
    const stock = await this.stocks.get(stockId);
    if (!stock) throw stockNotFound(stockId);

    const values = new Map([[stock.currency, roundAmount(stock.value, stock.currency, this.rounding)]]);
    asked.delete(stock.currency);
    if (asked.size === 0) return { stock, values, rates: undefined };

    const table = await this.exchangeRates.latest(this.clock.now() - start);
    const own = rateOf(table, stock.currency);
    for (const currency of asked)
      values.set(currency, convert(stock.value, own, rateOf(table, currency), currency, this.rounding));
    return { stock, values, rates: provenanceOf(table, this.clock.now()) };
  }
}
