import type { Context, SNSEvent } from 'aws-lambda';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { beginInvocation } from '../composition/function-logger.ts';
import { processingModule } from '../composition/tasks/module.ts';
import { processorOf, roundOf } from '../composition/tasks/processor.ts';
import { settings } from '../config/tasks.ts';

const container = composeWorker({ settings }, (config) => [dynamoDbModule, processingModule(config)]);
const lifecycle = container.get(system.lifecycle);
const processor = processorOf(container);

/** Handles notifications from the topic. While one run works, further invocations end at once. */
export const handler = async (
  { Records }: SNSEvent,
  context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
): Promise<void> => {
  beginInvocation({ awsRequestId: context.awsRequestId });
  try {
    await lifecycle.resume();
    const round = roundOf(Records.map(({ Sns }) => Sns.Message));
    await processor.run(() => context.getRemainingTimeInMillis(), round);
  } finally {
    await lifecycle.settle();
  }
};
