import type { StockChanged, StockStore } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';
import { changeIf, type Precondition } from '../shared/precondition.ts';
import { parseCurrency } from './currencies.ts';
import type { Stock } from './stock.ts';

export interface PutStockCommand {
  /** A decimal string whose form is checked. */
  readonly value: string;
  /** Without one a stock keeps the currency that it has, and a new one is in EUR. */
  readonly currency?: string | undefined;
}

export class PutStock {
  constructor(
    private readonly stocks: StockStore,
    private readonly clock: Clock,
  ) {}

  /**
   * @param precondition what must hold of the stock that is there, or the value is not set
   * @returns the stock as it is now, and as it was before
   * @throws DomainError `INVALID_REQUEST` for a currency that is not a current one, `PRECONDITION_FAILED`,
   * `STORE_UNAVAILABLE`
   */
  async execute(
    stockId: string,
    { value, currency }: PutStockCommand,
    precondition?: Precondition<Stock>,
  ): Promise<StockChanged> {
    const change = {
      stockId,
      value,
      currency: currency === undefined ? undefined : parseCurrency(currency, 'currency'),
      updatedAt: this.clock.now(),
    };
    if (!precondition) return this.stocks.put(change);
    return changeIf(
      precondition,
      () => this.stocks.get(stockId),
      (seen) => this.stocks.replace(seen, change),
    );
  }
}
