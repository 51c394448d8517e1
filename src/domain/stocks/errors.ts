import { DomainError } from '../shared/domain-error.ts';

export const stockNotFound = (stockId: string): DomainError =>
  new DomainError('STOCKS_NOT_FOUND', `There is no stock "${stockId}".`);

export const rateMissing = (source: string, currencies: readonly string[]): DomainError =>
  new DomainError('STOCKS_RATE_MISSING', `The table of ${source} has no usable rate for ${currencies.join(', ')}.`);

/** No source answers, and no table is held that may still be served. */
export const ratesUnavailable = (retryAfterSeconds: number): DomainError =>
  new DomainError(
    'STOCKS_RATES_UNAVAILABLE',
    'No source of rates answers, and the last rates are too old to be used.',
    {
      retryAfterSeconds,
    },
  );
