import { DomainError } from '../../domain/shared/domain-error.ts';
import type { ConfirmedRates } from '../../domain/stocks/rates.ts';
import type { ExchangeRates } from '../../ports/stocks.ts';

/** Rates that fall back on others while there are none at all that may be served. */
export class FallbackRates implements ExchangeRates {
  constructor(
    private readonly rates: ExchangeRates,
    private readonly lastResort: ExchangeRates,
  ) {}

  async latest(spentMs?: number): Promise<ConfirmedRates> {
    try {
      return await this.rates.latest(spentMs);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'STOCKS_RATES_UNAVAILABLE')
        return this.lastResort.latest(spentMs);
      throw error;
    }
  }
}
