import { storeUnavailable } from '../../domain/shared/domain-error.ts';

/** Refused before anything was written. */
const THROTTLED = new Set([
  'ProvisionedThroughputExceeded',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingError',
  'ThrottlingException',
]);

/** Not answered as it should be: the write may have happened. */
const UNREACHABLE = new Set([
  'AbortError',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'InternalServerError',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'TimeoutError',
  'TransactionInProgressException',
]);

/** The table is missing or not ready: for a caller the same as a store that is not there. */
const MISSING = 'ResourceNotFoundException';

interface VendorError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const named = (names: ReadonlySet<string>, { name = '', code = '' }: VendorError): boolean =>
  names.has(name) || names.has(code);

export const isThrottled = (error: unknown): boolean => named(THROTTLED, error as VendorError);

/** Whether nobody knows if the write happened. */
export const isAmbiguous = (error: unknown): boolean =>
  named(UNREACHABLE, error as VendorError) || ((error as VendorError).$metadata?.httpStatusCode ?? 0) >= 500;

/** What a caller is told of a vendor's error: `STORE_UNAVAILABLE` where a repeat can help, else the error itself. */
export const storeError = (error: unknown): unknown =>
  isThrottled(error) || isAmbiguous(error) || (error as VendorError).name === MISSING ? storeUnavailable(error) : error;

/** For `.catch()`: throws {@link storeError} of what a request was rejected with. */
export const throwStoreError = (error: unknown): never => {
  throw storeError(error);
};
