import type { Context } from 'aws-lambda';
import { SweepTasks } from '../../domain/tasks/sweep-tasks.ts';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { beginInvocation } from '../composition/function-logger.ts';
import { sweepingModule } from '../composition/tasks/function-modules.ts';
import { settings } from '../config/tasks.ts';

const container = composeWorker({ settings }, (config) => [dynamoDbModule, sweepingModule(config)]);
const sweepTasks = container.get(SweepTasks);
const lifecycle = container.get(system.lifecycle);

/** Ends overdue tasks and notifies the processor of claimable ones. Invoked by a schedule. */
export const handler = (_: unknown, { awsRequestId }: Pick<Context, 'awsRequestId'>): Promise<void> => {
  beginInvocation({ awsRequestId });
  return lifecycle
    .resume()
    .then(() => sweepTasks.execute())
    .finally(() => lifecycle.settle());
};
