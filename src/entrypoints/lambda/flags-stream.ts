import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { PushChanges } from '../../domain/flags/push-changes.ts';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { hostedConnectionsModule, settings } from '../composition/flags/function-modules.ts';
import { pushRecords } from '../composition/flags/push-records.ts';
import { beginInvocation } from '../composition/function-logger.ts';

const container = composeWorker({ settings }, (config) => [dynamoDbModule, hostedConnectionsModule(config)]);
const lifecycle = container.get(system.lifecycle);
const parts = {
  pushChanges: container.get(PushChanges),
  logger: container.get(system.logger),
  meter: container.get(system.meter),
};

/** The stream of the flags table, in batches: tells clients what has changed. */
export const handler = async (
  { Records }: DynamoDBStreamEvent,
  { awsRequestId }: Pick<Context, 'awsRequestId'>,
): Promise<DynamoDBBatchResponse> => {
  beginInvocation({ awsRequestId });
  await lifecycle.resume();
  const failed = await pushRecords(parts, Records);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
