import type { Context } from 'aws-lambda';
import { SweepConnections } from '../../domain/flags/sweep-connections.ts';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { hostedConnectionsModule, settings } from '../composition/flags/function-modules.ts';
import { beginInvocation } from '../composition/function-logger.ts';

const container = composeWorker({ settings }, (config) => [dynamoDbModule, hostedConnectionsModule(config)]);
const lifecycle = container.get(system.lifecycle);
const logger = container.get(system.logger);
const sweepConnections = container.get(SweepConnections);

/** Gives every client of flags a sign of life, and makes revisions for which it is time. Invoked by a schedule. */
export const handler = async (_: unknown, { awsRequestId }: Pick<Context, 'awsRequestId'>): Promise<void> => {
  beginInvocation({ awsRequestId });
  await lifecycle.resume();
  const missed = await sweepConnections.execute();
  if (missed > 0) logger.warn({ missed }, 'clients of flags could not be given a sign of life');
};
