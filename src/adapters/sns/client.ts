import { SNSClient } from '@aws-sdk/client-sns';

const CONNECTION_TIMEOUT_MS = 1_000;
const ANSWER_TIMEOUT_MS = 2_000;

/** Region, endpoint and credentials are the SDK's own settings (`AWS_REGION`, `AWS_ENDPOINT_URL_SNS`, …). */
export const snsClient = (): SNSClient =>
  new SNSClient({
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: ANSWER_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
