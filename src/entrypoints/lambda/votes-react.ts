import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { ports, reactingModule } from '../composition/feedback/outbox-module.ts';
import { reactToBatch } from '../composition/feedback/react-to-feedback.ts';
import { beginInvocation } from '../composition/function-logger.ts';
import { enqueuingModule } from '../composition/tasks/function-modules.ts';
import { settings } from '../config/tasks.ts';

const container = composeWorker({ settings }, (config) => [
  dynamoDbModule,
  enqueuingModule(config),
  reactingModule(config),
]);
const lifecycle = container.get(system.lifecycle);
const parts = {
  outbox: container.get(ports.outbox),
  region: container.get(ports.region),
  logger: container.get(system.logger),
  meter: container.get(system.meter),
};

/**
 * The second reader of the votes table's stream, for all that follows from votes. Records that fail are reported one by one:
 * they come again, and go to the on-failure destination in the end.
 */
export const handler = async (
  { Records }: DynamoDBStreamEvent,
  { awsRequestId }: Pick<Context, 'awsRequestId'>,
): Promise<DynamoDBBatchResponse> => {
  beginInvocation({ awsRequestId });
  try {
    await lifecycle.resume();
    const failed = await reactToBatch(parts, Records);
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  } finally {
    await lifecycle.settle();
  }
};
