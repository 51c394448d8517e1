import type { ExchangeRates, StockStore } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';
import { type Conversion, convertEach } from './conversion.ts';
import { isWithdrawn, parseCurrency } from './currencies.ts';
import { stockNotFound } from './errors.ts';
import type { Rounding } from './money.ts';
import { assertSomeRate, needRates, provenanceOf } from './rates.ts';
import type { Stock } from './stock.ts';

/** A stock and its value in several currencies, the stock's own first. */
export interface StockValue extends Conversion {
  /** As it was put; its currency may have been withdrawn since. */
  readonly stock: Stock;
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
   * @param currencies as the caller names them, repeats too; the default ones unless given
   * @param digits 0–8; each currency's own unless given
   * @throws DomainError `INVALID_REQUEST`, `STOCKS_NOT_FOUND`, `STOCKS_RATE_MISSING` if no currency that was named has a
   * usable rate and the stock's own is a current one, `STOCKS_RATES_UNAVAILABLE`, `STORE_UNAVAILABLE`
   */
  async execute(stockId: string, currencies?: readonly string[], digits?: number): Promise<StockValue> {
    const asked = (currencies ?? this.defaultCurrencies).map((text) => parseCurrency(text, 'currencies'));
    const start = this.clock.now();
    const stock = await this.stocks.get(stockId);
    if (!stock) throw stockNotFound(stockId);

    const { value, currency } = stock;
    const shown = [...new Set([currency, ...asked])];
    const takesRates = shown.some((code) => needRates(currency, code));
    const table = takesRates ? await this.exchangeRates.latest(this.clock.now() - start) : undefined;
    const rules = { rounding: this.rounding, digits };
    const { values, missing } = convertEach({ amount: value, from: currency }, shown, table, rules);
    if (table && currencies && !isWithdrawn(currency)) assertSomeRate(table, currency, shown, missing);
    return { stock, values, missing, rates: table && provenanceOf(table, this.clock.now()) };
  }
}
