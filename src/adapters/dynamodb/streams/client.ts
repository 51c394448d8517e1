import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { boundedRequests } from '../../aws/bounded-requests.ts';

/** A batch may hold a megabyte. */
const ANSWER_TIMEOUT_MS = 3_000;

/** @param endpoint where the streams are, if not at AWS or where `AWS_ENDPOINT_URL` says */
export const streamsClient = (endpoint: string | undefined): DynamoDBStreamsClient =>
  new DynamoDBStreamsClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: boundedRequests(ANSWER_TIMEOUT_MS),
  });
