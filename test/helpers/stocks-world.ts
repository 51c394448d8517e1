import { MemoryStockStore } from '../../src/adapters/memory/stock-store.ts';
import { ConvertAmount } from '../../src/domain/stocks/convert-amount.ts';
import { DeleteStock } from '../../src/domain/stocks/delete-stock.ts';
import { FindStocks } from '../../src/domain/stocks/find-stocks.ts';
import { ListRates } from '../../src/domain/stocks/list-rates.ts';
import type { Rounding } from '../../src/domain/stocks/money.ts';
import { PutStock } from '../../src/domain/stocks/put-stock.ts';
import type { ConfirmedRates } from '../../src/domain/stocks/rates.ts';
import { ValueStock } from '../../src/domain/stocks/value-stock.ts';
import { FakeClock } from './fakes.ts';

/** The stocks use cases over a memory store and one table of rates, confirmed now and fresh for 20 s. */
export function stocksWorld(rounding: Rounding = 'half-up') {
  const clock = new FakeClock();
  const stocks = new MemoryStockStore();
  const rates = {
    source: 'frankfurter',
    base: 'EUR',
    asOf: Date.UTC(2025, 11, 31),
    confirmedAt: clock.now(),
    freshUntil: clock.now() + 20_000,
    rates: new Map([
      ['USD', '1.0855'],
      ['JPY', '185.304'],
      ['KWD', '0.33'],
      ['CAD', '1.50'],
      ['GBP', '0.86393'],
    ]),
  } satisfies ConfirmedRates;
  const asked: string[] = [];
  const exchangeRates = {
    latest: async () => {
      asked.push('latest');
      return rates;
    },
  };
  return {
    clock,
    stocks,
    rates,
    exchangeRates,
    /** One entry for each time that rates were asked for. */
    asked,
    putStock: new PutStock(stocks, clock),
    deleteStock: new DeleteStock(stocks),
    findStocks: new FindStocks(stocks),
    valueStock: new ValueStock(stocks, exchangeRates, clock, ['USD', 'CAD'], rounding),
    convertAmount: new ConvertAmount(exchangeRates, clock, ['USD', 'CAD'], rounding),
    listRates: new ListRates(exchangeRates, clock),
  };
}
