import { pino } from 'pino';
import { compose, system } from '../composition/compose.ts';
import { readConfig } from '../composition/config.ts';
import { settings } from '../composition/tasks/settings.ts';
import { wakingModule } from '../composition/tasks/stores-module.ts';
import { tasksStreamHandler } from '../composition/tasks/stream-handler.ts';
import { ports } from '../composition/tasks/tokens.ts';

const config = readConfig<typeof settings>({ ...process.env, STORAGE: 'dynamodb', ROLE: 'worker' }, [{ settings }]);
const logger = pino({ level: config.LOG_LEVEL });
const container = compose(logger, [wakingModule(config)]);

/** The stream of the tasks table, in batches. */
export const handler = tasksStreamHandler({
  wakeUps: container.get(ports.wakeUps),
  clock: container.get(system.clock),
  logger,
});
