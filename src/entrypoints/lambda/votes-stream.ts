import { pino } from 'pino';
import { compose, system } from '../composition/compose.ts';
import { readConfig } from '../composition/config.ts';
import { dynamoDbModule } from '../composition/dynamodb.ts';
import { foldingModule, useCases } from '../composition/votes/module.ts';
import { check, settings } from '../composition/votes/settings.ts';
import { votesStreamHandler } from '../composition/votes/stream-handler.ts';

const config = readConfig<typeof settings>({ ...process.env, STORAGE: 'dynamodb', ROLE: 'worker' }, [
  { settings, check },
]);
const logger = pino({ level: config.LOG_LEVEL });
const container = compose(logger, [dynamoDbModule, foldingModule(config)], config.METRICS_NAMESPACE);

/** The stream of the votes table, in batches. */
export const handler = votesStreamHandler({
  foldShards: container.get(useCases.foldShards),
  logger,
  meter: container.get(system.meter),
  clock: container.get(system.clock),
});
