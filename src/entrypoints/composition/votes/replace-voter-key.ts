import { pino } from 'pino';
import type { VoterKeyReplacement } from '../../../domain/votes/replace-voter-key.ts';
import { ReplaceVoterKey } from '../../../domain/votes/replace-voter-key.ts';
import { compose, system } from '../compose.ts';
import { readWorkerConfig } from '../compose-worker.ts';
import { ConfigError, type Configurable } from '../config.ts';
import { dynamoDbModule } from '../dynamodb.ts';
import { votesModule } from './module.ts';
import type { settings } from './settings.ts';

/**
 * Accepts the `VOTER_KEY` of the environment in place of the one that votes on DynamoDB are kept under, for an operator.
 *
 * @throws ConfigError; DomainError `STORE_UNAVAILABLE`
 */
export async function replaceVoterKey(
  env: Readonly<Record<string, string | undefined>>,
  contexts: readonly Configurable[],
): Promise<VoterKeyReplacement> {
  const config = readWorkerConfig<typeof settings>(env, contexts);
  if (!config.VOTER_KEY) throw new ConfigError(['VOTER_KEY is needed: the new key']);
  const container = compose(pino({ level: config.LOG_LEVEL }), [dynamoDbModule, votesModule(config)]);
  try {
    return await container.get(ReplaceVoterKey).execute();
  } finally {
    await container.get(system.lifecycle).close();
  }
}
