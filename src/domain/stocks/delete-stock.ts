import type { StockStore } from '../../ports/stocks.ts';
import { assertMet, type Precondition } from '../shared/precondition.ts';
import { stockNotFound } from './errors.ts';
import type { Stock } from './stock.ts';

export class DeleteStock {
  constructor(private readonly stocks: StockStore) {}

  /**
   * @param precondition what must hold of the stock, or it stays
   * @throws DomainError `STOCKS_NOT_FOUND`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
   */
  async execute(stockId: string, precondition?: Precondition<Stock>): Promise<void> {
    if (!precondition) {
      if (!(await this.stocks.delete(stockId))) throw stockNotFound(stockId);
      return;
    }
    // It may have been put anew between the look and the removal.
    for (let isDeleted = false; !isDeleted; ) {
      const stock = await this.stocks.get(stockId);
      if (!stock) throw stockNotFound(stockId);
      assertMet(precondition, stock);
      isDeleted = await this.stocks.delete(stockId, stock);
    }
  }
}
