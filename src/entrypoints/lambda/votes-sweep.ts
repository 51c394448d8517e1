import { SweepPolls } from '../../domain/votes/sweep-polls.ts';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { sweepingModule } from '../composition/votes/module.ts';
import { check, settings } from '../config/votes.ts';

const container = composeWorker({ settings, check }, (config) => [dynamoDbModule, sweepingModule(config)]);
const sweepPolls = container.get(SweepPolls);
const lifecycle = container.get(system.lifecycle);

/** Checks tallies, closes polls whose time is over and audits them. Invoked by a schedule. */
export const handler = (): Promise<void> => lifecycle.resume().then(() => sweepPolls.execute());
