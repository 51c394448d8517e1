import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { boundedRequests } from '../aws/bounded-requests.ts';

/**
 * A vote on the web needs at most three requests one after another: its poll, its ballot, and the ballot again when the
 * answer to that was lost. With three attempts each, its voter knows within 15 s.
 */
export const ANSWER_TIMEOUT_MS = 1_500;
const ATTEMPTS = 3;

/**
 * A document client for items that are plain objects. Region, endpoint and credentials are the SDK's own settings
 * (`AWS_REGION`, `AWS_ENDPOINT_URL_DYNAMODB`, …). Nothing is opened before the first request; `destroy()` closes it.
 *
 * @param answerTimeoutMs how long one attempt may take
 * @param maxAttempts 1 for a client whose requests must not be repeated
 */
export function documentClient(answerTimeoutMs = ANSWER_TIMEOUT_MS, maxAttempts = ATTEMPTS): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    maxAttempts,
    requestHandler: {
      ...boundedRequests(answerTimeoutMs),
      httpAgent: { maxSockets: 100 },
      httpsAgent: { maxSockets: 100 },
    },
  });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
