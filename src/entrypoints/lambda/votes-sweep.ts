import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { sweepingModule, useCases } from '../composition/votes/module.ts';
import { check, settings } from '../composition/votes/settings.ts';

const container = composeWorker({ settings, check }, (config) => [dynamoDbModule, sweepingModule(config)]);
const sweepPolls = container.get(useCases.sweepPolls);

/** Checks tallies, closes polls whose end has passed and ends their count. Called by a schedule. */
export const handler = (): Promise<void> => sweepPolls.execute();
