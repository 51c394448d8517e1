import type { Context, SNSEvent } from 'aws-lambda';
import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { processingModule } from '../composition/tasks/module.ts';
import { processorOf, tasksProcessorHandler } from '../composition/tasks/processor-handler.ts';
import { settings } from '../composition/tasks/settings.ts';

const container = composeWorker({ settings }, (config) => [dynamoDbModule, processingModule(config)]);
const lifecycle = container.get(system.lifecycle);
const handle = tasksProcessorHandler(processorOf(container));

/** Handles notifications from the topic. While one run works, further invocations end at once. */
export const handler = (event: SNSEvent, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<void> =>
  lifecycle
    .resume()
    .then(() => handle(event, context))
    .finally(() => lifecycle.settle());
