import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { closingModule, useCases } from '../composition/votes/module.ts';
import { check, settings } from '../composition/votes/settings.ts';

const container = composeWorker({ settings, check }, (config) => [dynamoDbModule, closingModule(config)]);
const closePoll = container.get(useCases.closePoll);
const lifecycle = container.get(system.lifecycle);

/** Closes polls whose end has passed. Called by a schedule. */
export const handler = (): Promise<void> => lifecycle.resume().then(() => closePoll.closeDue());
