import { pino } from 'pino';
import { compose, system } from '../composition/compose.ts';
import { readConfig } from '../composition/config.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { settings } from '../composition/tasks/settings.ts';
import { sweepingModule } from '../composition/tasks/stores-module.ts';
import { useCases } from '../composition/tasks/tokens.ts';

const config = readConfig<typeof settings>({ ...process.env, STORAGE: 'dynamodb', ROLE: 'worker' }, [{ settings }]);
const modules = [dynamoDbModule, sweepingModule(config)];
const container = compose(pino({ level: config.LOG_LEVEL }), modules, config.METRICS_NAMESPACE);
const sweepTasks = container.get(useCases.sweepTasks);
const lifecycle = container.get(system.lifecycle);

/** Settles what is overdue, and wakes the processor for what waits. Called by a schedule. */
export const handler = (): Promise<void> => sweepTasks.execute().finally(() => lifecycle.settle());
