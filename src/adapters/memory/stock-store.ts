import { isDeepStrictEqual } from 'node:util';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import { DEFAULT_CURRENCY, type Stock } from '../../domain/stocks/stock.ts';
import type { StockChange, StockChanged, StockStore } from '../../ports/stocks.ts';
import { type Maps, memoryMaps } from './maps.ts';
import { pageOf } from './pages.ts';

export class MemoryStockStore implements StockStore {
  private readonly stocks: Map<string, Stock>;

  /** @param stocks what the store holds from the start */
  constructor(stocks: readonly Stock[] = [], maps: Maps = memoryMaps) {
    this.stocks = maps.map('stocks');
    for (const stock of stocks) this.stocks.set(stock.stockId, stock);
  }

  async get(stockId: string): Promise<Stock | undefined> {
    return this.stocks.get(stockId);
  }

  async put(change: StockChange): Promise<StockChanged> {
    const before = this.stocks.get(change.stockId);
    const stock = { ...change, currency: change.currency ?? before?.currency ?? DEFAULT_CURRENCY };
    this.stocks.set(stock.stockId, stock);
    return { stock, before };
  }

  async replace(seen: Stock | undefined, change: StockChange) {
    return isDeepStrictEqual(this.stocks.get(change.stockId), seen) ? this.put(change) : undefined;
  }

  async delete(seen: Stock): Promise<boolean> {
    return isDeepStrictEqual(this.stocks.get(seen.stockId), seen) && this.stocks.delete(seen.stockId);
  }

  async list(page: PageRequest): Promise<Page<Stock>> {
    return pageOf(this.stocks.values(), ({ stockId }) => stockId, page);
  }
}
