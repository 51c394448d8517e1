/** The stocks context as others may use it: `portside/stocks`. */
export { CURRENCY_TABLE, currencyCodes, isCurrency, minorDigits, parseCurrency } from './currencies.ts';
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
export { DEFAULT_CURRENCY, type Stock } from './stock.ts';
export { type StockValue, ValueStock } from './value-stock.ts';
