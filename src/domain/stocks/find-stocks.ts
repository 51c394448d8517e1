import type { StockStore } from '../../ports/stocks.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import type { Stock } from './stock.ts';

export class FindStocks {
  constructor(private readonly stocks: StockStore) {}

  /** @throws DomainError `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE` */
  list(page: PageRequest): Promise<Page<Stock>> {
    return this.stocks.list(page);
  }
}
