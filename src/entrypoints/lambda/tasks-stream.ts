import { system } from '../composition/compose.ts';
import { composeWorker } from '../composition/compose-worker.ts';
import { wakingModule } from '../composition/tasks/function-modules.ts';
import { settings } from '../composition/tasks/settings.ts';
import { tasksStreamHandler } from '../composition/tasks/stream-handler.ts';
import { ports } from '../composition/tasks/tokens.ts';

const container = composeWorker({ settings }, (config) => [wakingModule(config)]);

/** The stream of the tasks table, in batches. */
export const handler = tasksStreamHandler({
  wakeUps: container.get(ports.wakeUps),
  logger: container.get(system.logger),
});
