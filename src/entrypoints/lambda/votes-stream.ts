import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { foldingModule, useCases } from '../composition/votes/module.ts';
import { check, settings } from '../composition/votes/settings.ts';
import { votesStreamHandler } from '../composition/votes/stream-handler.ts';

const container = composeWorker({ settings, check }, (config) => [dynamoDbModule, foldingModule(config)]);

/** The stream of the votes table, in batches. */
export const handler = votesStreamHandler({
  foldShards: container.get(useCases.foldShards),
  logger: container.get(system.logger),
  meter: container.get(system.meter),
});
