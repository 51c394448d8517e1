import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { FoldShards } from '../../domain/votes/fold-shards.ts';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { beginInvocation } from '../composition/function-logger.ts';
import { foldRecords } from '../composition/votes/fold-records.ts';
import { foldingModule } from '../composition/votes/module.ts';
import { check, settings } from '../config/votes.ts';

const container = composeWorker({ settings, check }, (config) => [dynamoDbModule, foldingModule(config)]);

const lifecycle = container.get(system.lifecycle);
const parts = {
  foldShards: container.get(FoldShards),
  logger: container.get(system.logger),
  meter: container.get(system.meter),
};

/**
 * The stream of the votes table, in batches. Unreadable records are reported one by one, so that they go to the on-failure
 * destination and the others count all the same.
 */
export const handler = async (
  { Records }: DynamoDBStreamEvent,
  { awsRequestId }: Pick<Context, 'awsRequestId'>,
): Promise<DynamoDBBatchResponse> => {
  beginInvocation({ awsRequestId });
  await lifecycle.resume();
  const { unreadable } = await foldRecords(parts, Records);
  return { batchItemFailures: unreadable.map(({ sequenceNumber }) => ({ itemIdentifier: sequenceNumber })) };
};
