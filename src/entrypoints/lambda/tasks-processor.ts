import type { Context, SNSEvent } from 'aws-lambda';
import { pino } from 'pino';
import { compose, system } from '../composition/compose.ts';
import { readConfig } from '../composition/config.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { processingModule } from '../composition/tasks/module.ts';
import { processorOf, tasksProcessorHandler } from '../composition/tasks/processor-handler.ts';
import { settings } from '../composition/tasks/settings.ts';

const config = readConfig<typeof settings>({ ...process.env, STORAGE: 'dynamodb', ROLE: 'worker' }, [{ settings }]);
const container = compose(pino({ level: config.LOG_LEVEL }), [dynamoDbModule, processingModule(config)]);
const lifecycle = container.get(system.lifecycle);
const handle = tasksProcessorHandler(processorOf(container));

/** Wake-ups through the topic. The first one is worked on; those that come meanwhile end at once. */
export const handler = (event: SNSEvent, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<void> =>
  handle(event, context).finally(() => lifecycle.settle());
