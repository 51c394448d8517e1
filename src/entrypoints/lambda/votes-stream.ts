import { pino } from 'pino';
import { compose } from '../composition/compose.ts';
import { readConfig } from '../composition/config.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { useCases, votesModule } from '../composition/votes/module.ts';
import { check, settings } from '../composition/votes/settings.ts';
import { votesStreamHandler } from '../composition/votes/stream-handler.ts';

const config = readConfig<typeof settings>({ ...process.env, STORAGE: 'dynamodb', ROLE: 'worker' }, [
  { settings, check },
]);
const logger = pino({ level: config.LOG_LEVEL });
const container = compose(logger, [dynamoDbModule, votesModule(config)]);

/** The stream of the votes table, in batches. */
export const handler = votesStreamHandler(container.get(useCases.foldShards), logger);
