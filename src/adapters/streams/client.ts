import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';

/** @param endpoint where the streams are, if not at AWS or where `AWS_ENDPOINT_URL` says */
export const streamsClient = (endpoint: string | undefined): DynamoDBStreamsClient =>
  new DynamoDBStreamsClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
