/** The stocks context as others may use it: `portside/stocks`. */
export type { Conversion } from './conversion.ts';
export { ConvertAmount, type ConvertAmountQuery, type ConvertedAmount } from './convert-amount.ts';
export {
  isCurrency,
  isPriceUnit,
  isWithdrawn,
  minorDigits,
  parseCurrency,
} from './currencies.ts';
export { DeleteStock } from './delete-stock.ts';
export { rateMissing, ratesUnavailable, stockNotFound } from './errors.ts';
export { FindStocks } from './find-stocks.ts';
export { type FreshnessRules, freshnessOf, refreshFrom, servableUntil } from './freshness.ts';
export { type ListedRates, ListRates, type RatesQuery } from './list-rates.ts';
export { convert, crossRate, type Rounding, readRate, roundAmount } from './money.ts';
export { PutStock, type PutStockCommand } from './put-stock.ts';
export {
  type ConfirmedRates,
  type Provenance,
  provenanceOf,
  type RateTable,
  rateOf,
  readRates,
} from './rates.ts';
export { DEFAULT_CURRENCY, STOCK_ID_PATTERN, type Stock } from './stock.ts';
export { type StockValue, ValueStock } from './value-stock.ts';
