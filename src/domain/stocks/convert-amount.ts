import type { ExchangeRates } from '../../ports/stocks.ts';
import type { Clock } from '../../ports/system.ts';
import { type Conversion, convertEach } from './conversion.ts';
import { parseCurrency } from './currencies.ts';
import type { Rounding } from './money.ts';
import { assertSomeRate, needRates, provenanceOf } from './rates.ts';

export interface ConvertAmountQuery {
  /** A decimal string whose form is checked. */
  readonly amount: string;
  readonly from: string;
  /** The default currencies unless given. */
  readonly to?: readonly string[] | undefined;
  /** 0–8; each currency's own unless given. */
  readonly digits?: number | undefined;
}

export interface ConvertedAmount extends Conversion {
  readonly amount: string;
  readonly from: string;
}

export class ConvertAmount {
  constructor(
    private readonly exchangeRates: ExchangeRates,
    private readonly clock: Clock,
    private readonly defaultCurrencies: readonly string[],
    private readonly rounding: Rounding,
  ) {}

  /**
   * @returns the amount as it was given, and in each currency; some may be missing
   * @throws DomainError `INVALID_REQUEST`, `STOCKS_RATE_MISSING` if no currency that was named has a usable rate,
   * `STOCKS_RATES_UNAVAILABLE`
   */
  async execute({ amount, from: named, to, digits }: ConvertAmountQuery): Promise<ConvertedAmount> {
    const from = parseCurrency(named, 'from');
    const asked = [...new Set((to ?? this.defaultCurrencies).map((text) => parseCurrency(text, 'to')))];
    const table = asked.some((code) => needRates(from, code)) ? await this.exchangeRates.latest() : undefined;
    const { values, missing } = convertEach({ amount, from }, asked, table, { rounding: this.rounding, digits });
    if (table && to) assertSomeRate(table, from, asked, missing);
    return { amount, from, values, missing, rates: table && provenanceOf(table, this.clock.now()) };
  }
}
