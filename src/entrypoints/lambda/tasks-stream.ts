import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { streamModule } from '../composition/tasks/function-modules.ts';
import { settings } from '../composition/tasks/settings.ts';
import { type ShardEvent, type ShardResponse, tasksStreamHandler } from '../composition/tasks/stream-handler.ts';
import { ports } from '../composition/tasks/tokens.ts';

const container = composeWorker({ settings }, (config) => [dynamoDbModule, streamModule(config)]);
const lifecycle = container.get(system.lifecycle);
const handle = tasksStreamHandler({
  counts: container.get(ports.counts),
  active: container.get(ports.active),
  queues: container.get(ports.queues),
  wakeUps: container.get(ports.wakeUps),
  logger: container.get(system.logger),
});

/** The stream of the tasks table, in batches. All times that count are in the records. */
export const handler = (event: ShardEvent): Promise<ShardResponse> => lifecycle.resume().then(() => handle(event));
