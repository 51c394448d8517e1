import type { ConfirmedRates } from '../../domain/stocks/rates.ts';
import type { ExchangeRates } from '../../ports/stocks.ts';

/** The day of the table below. */
export const REFERENCE_DATE = '2026-03-18';

/** Price of one euro on that day. */
const REFERENCE_TABLE: Readonly<Record<string, string>> = {
  // The 29 euro foreign exchange reference rates of the European Central Bank.
  USD: '1.15',
  JPY: '183.49',
  CZK: '24.467',
  DKK: '7.472',
  GBP: '0.86393',
  HUF: '392.83',
  PLN: '4.2713',
  RON: '5.0938',
  SEK: '10.7778',
  CHF: '0.9073',
  ISK: '143.6',
  NOK: '11.0205',
  TRY: '50.8539',
  AUD: '1.6305',
  BRL: '6.0079',
  CAD: '1.5774',
  CNY: '7.9214',
  HKD: '9.0135',
  IDR: '19543.1',
  ILS: '3.568',
  INR: '106.83',
  KRW: '1729.08',
  MXN: '20.3942',
  MYR: '4.504',
  NZD: '1.9763',
  PHP: '69.001',
  SGD: '1.4734',
  THB: '37.565',
  ZAR: '19.4174',
  // Currencies with a fixed parity to the euro.
  BAM: '1.95583',
  CVE: '110.265',
  KMF: '491.96775',
  XAF: '655.957',
  XOF: '655.957',
  // Currencies with a fixed parity to the dollar, times the dollar's rate: 3.6725, 0.376, 0.709, 0.3845, 3.64, 3.75, 1.79.
  AED: '4.223375',
  BHD: '0.4324',
  JOD: '0.81535',
  OMR: '0.442175',
  QAR: '4.186',
  SAR: '4.3125',
  XCG: '2.0585',
  // The representative rate that Kuwait reported to the International Monetary Fund, 0.3066 to the dollar, likewise.
  KWD: '0.35259',
};

/**
 * A table that is shipped with the project, so that the service shows something without any other. It is a snapshot: always
 * stale, as old as its date says, and never refused for that.
 */
export class ReferenceRates implements ExchangeRates {
  private readonly table: ConfirmedRates = {
    source: 'reference',
    base: 'EUR',
    asOf: Date.parse(REFERENCE_DATE),
    rates: new Map(Object.entries(REFERENCE_TABLE)),
    confirmedAt: Date.parse(REFERENCE_DATE),
    freshUntil: 0,
  };

  async latest(): Promise<ConfirmedRates> {
    return this.table;
  }
}
