import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { FoldShards } from '../../domain/votes/fold-shards.ts';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { foldingModule } from '../composition/votes/module.ts';
import { check, settings } from '../composition/votes/settings.ts';
import { votesStreamHandler } from '../composition/votes/stream-handler.ts';

const container = composeWorker({ settings, check }, (config) => [dynamoDbModule, foldingModule(config)]);

const lifecycle = container.get(system.lifecycle);
const handle = votesStreamHandler({
  foldShards: container.get(FoldShards),
  logger: container.get(system.logger),
  meter: container.get(system.meter),
});

/** The stream of the votes table, in batches. */
export const handler = (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> =>
  lifecycle.resume().then(() => handle(event));
