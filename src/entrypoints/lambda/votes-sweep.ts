import type { Context } from 'aws-lambda';
import { SweepPolls } from '../../domain/votes/sweep-polls.ts';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { beginInvocation } from '../composition/function-logger.ts';
import { sweepingModule } from '../composition/votes/module.ts';
import { check, settings } from '../config/votes.ts';

const container = composeWorker({ settings, check }, (config) => [dynamoDbModule, sweepingModule(config)]);
const sweepPolls = container.get(SweepPolls);
const lifecycle = container.get(system.lifecycle);

/** Checks tallies, closes polls whose time is over and audits them. Invoked by a schedule. */
export const handler = (_: unknown, { awsRequestId }: Pick<Context, 'awsRequestId'>): Promise<void> => {
  beginInvocation({ awsRequestId });
  return lifecycle.resume().then(() => sweepPolls.execute());
};
