import type { StockStore } from '../../ports/stocks.ts';
import { stockNotFound } from './errors.ts';

export class DeleteStock {
  constructor(private readonly stocks: StockStore) {}

  /** @throws DomainError `STOCKS_NOT_FOUND`, `STORE_UNAVAILABLE` */
  async execute(stockId: string): Promise<void> {
    if (!(await this.stocks.delete(stockId))) throw stockNotFound(stockId);
  }
}
