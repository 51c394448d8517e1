import { isDeepStrictEqual } from 'node:util';
import type { Page, PageRequest } from '../../domain/shared/page.ts';
import { DEFAULT_CURRENCY, type Stock } from '../../domain/stocks/stock.ts';
import type { StockChange, StockStore } from '../../ports/stocks.ts';
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

  async put(change: StockChange): Promise<{ readonly stock: Stock; readonly created: boolean }> {
    const before = this.stocks.get(change.stockId);
    const stock = { ...change, currency: change.currency ?? before?.currency ?? DEFAULT_CURRENCY };
    this.stocks.set(stock.stockId, stock);
    return { stock, created: before === undefined };
  }

  async replace(seen: Stock | undefined, change: StockChange) {
    return isDeepStrictEqual(this.stocks.get(change.stockId), seen) ? this.put(change) : undefined;
  }

  async delete(stockId: string, seen?: Stock): Promise<boolean> {
    if (seen && !isDeepStrictEqual(this.stocks.get(stockId), seen)) return false;
    return this.stocks.delete(stockId);
  }

  async list(page: PageRequest): Promise<Page<Stock>> {
    return pageOf(this.stocks.values(), ({ stockId }) => stockId, page);
  }
}
