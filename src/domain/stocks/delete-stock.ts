import type { StockStore } from '../../ports/stocks.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { stockNotFound } from './errors.ts';
import type { Stock } from './stock.ts';

export class DeleteStock {
  constructor(private readonly stocks: StockStore) {}

  /**
   * @param precondition what must hold of the stock, or it stays
   * @returns the stock that was there
   * @throws DomainError `STOCKS_NOT_FOUND`, `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
   */
  async execute(stockId: string, precondition: Precondition<Stock> = () => true): Promise<Stock> {
    return changeIf(
      precondition,
      () => this.existing(stockId),
      async (seen) => (seen && (await this.stocks.delete(seen)) ? seen : undefined),
    );
  }

  private async existing(stockId: string): Promise<Stock> {
    const stock = await this.stocks.get(stockId);
    if (!stock) throw stockNotFound(stockId);
    return stock;
  }
}
