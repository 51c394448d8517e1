import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { storeUnavailable } from '../../domain/shared/domain-error.ts';

/** Refusals that other traffic brings about: nothing was written, and a repeat may succeed. */
const CONTENTION = new Set([
  'ProvisionedThroughputExceededException',
  'ReplicatedWriteConflictException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionConflictException',
]);

/** The same, as reasons for which a transaction was cancelled. */
const CONTENTION_REASONS = new Set(['ProvisionedThroughputExceeded', 'ThrottlingError', 'TransactionConflict']);

const TOO_MANY_REQUESTS = 429;

export function isContention(error: unknown): boolean {
  if (error instanceof TransactionCanceledException)
    return (error.CancellationReasons ?? []).some(({ Code }) => CONTENTION_REASONS.has(Code ?? ''));
  if (!(error instanceof DynamoDBServiceException)) return false;
  return CONTENTION.has(error.name) || error.$metadata.httpStatusCode === TOO_MANY_REQUESTS;
}

/**
 * Whether it is unknown if the write happened: the request was sent (the SDK then adds `$metadata` to any error, except
 * where it was given up between two attempts), and what came back, if anything, is not DynamoDB's refusal: a time-out, a
 * broken connection, a page of some proxy.
 */
export function isAmbiguous(error: unknown): boolean {
  if (error instanceof DynamoDBServiceException)
    return error.$fault === 'server' || error.name === 'TransactionInProgressException';
  return error instanceof Error && ('$metadata' in error || error.name === 'AbortError');
}

/** Whether the SDK has sent a request again: it may then find what an attempt has left whose answer was lost. */
export const wasRepeated = ({ attempts = 1 }: { readonly attempts?: number | undefined }): boolean => attempts > 1;

/** The table is missing or not ready, or there are no credentials: to a caller, the store is unavailable. */
const MISSING = new Set(['CredentialsProviderError', 'ResourceNotFoundException']);
const isMissing = (error: unknown): boolean => error instanceof Error && MISSING.has(error.name);

/** Maps a vendor's error: to `STORE_UNAVAILABLE` where a repeat can help, else to itself. */
export const storeError = (error: unknown): unknown =>
  isContention(error) || isAmbiguous(error) || isMissing(error) ? storeUnavailable(error) : error;

/** For `.catch()`: throws {@link storeError} of what a request was rejected with. */
export const throwStoreError = (error: unknown): never => {
  throw storeError(error);
};

/** For `.catch()`: gives undefined for a write that its condition refused, and throws anything else. */
export const passIfRefused = (error: unknown): undefined => {
  if (!(error instanceof ConditionalCheckFailedException)) throw error;
};
