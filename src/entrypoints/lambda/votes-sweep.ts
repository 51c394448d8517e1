import { pino } from 'pino';
import { compose } from '../composition/compose.ts';
import { readConfig } from '../composition/config.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { closingModule, useCases } from '../composition/votes/module.ts';
import { check, settings } from '../composition/votes/settings.ts';

const config = readConfig<typeof settings>({ ...process.env, STORAGE: 'dynamodb', ROLE: 'worker' }, [
  { settings, check },
]);
const container = compose(pino({ level: config.LOG_LEVEL }), [dynamoDbModule, closingModule(config)]);
const closePoll = container.get(useCases.closePoll);

/** Closes polls whose end has passed. Called by a schedule. */
export const handler = (): Promise<void> => closePoll.closeDue();
