import { SNSClient } from '@aws-sdk/client-sns';
import { boundedRequests } from '../aws/bounded-requests.ts';

const ANSWER_TIMEOUT_MS = 2_000;

/** Region, endpoint and credentials are the SDK's own settings (`AWS_REGION`, `AWS_ENDPOINT_URL_SNS`, …). */
export const snsClient = (): SNSClient => new SNSClient({ requestHandler: boundedRequests(ANSWER_TIMEOUT_MS) });
