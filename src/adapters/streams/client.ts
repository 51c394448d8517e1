import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';

const CONNECTION_TIMEOUT_MS = 1_000;
/** A batch may hold a megabyte. */
const ANSWER_TIMEOUT_MS = 3_000;

/** @param endpoint where the streams are, if not at AWS or where `AWS_ENDPOINT_URL` says */
export const streamsClient = (endpoint: string | undefined): DynamoDBStreamsClient =>
  new DynamoDBStreamsClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: ANSWER_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      socketTimeout: ANSWER_TIMEOUT_MS,
    },
  });
