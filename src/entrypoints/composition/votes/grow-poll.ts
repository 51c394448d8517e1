import { pino } from 'pino';
import { GrowPoll } from '../../../domain/votes/grow-poll.ts';
import type { Poll } from '../../../domain/votes/poll.ts';
import { compose, system } from '../compose.ts';
import { readWorkerConfig } from '../compose-worker.ts';
import type { Configurable } from '../config.ts';
import { dynamoDbModule } from '../dynamodb.ts';
import { votesModule } from './module.ts';
import type { settings } from './settings.ts';

/**
 * Spreads further votes of a poll on DynamoDB over more shards, for an operator.
 *
 * @throws ConfigError; DomainError `VOTES_POLL_NOT_FOUND`, `STORE_UNAVAILABLE`
 */
export async function growPoll(
  env: Readonly<Record<string, string | undefined>>,
  contexts: readonly Configurable[],
  pollId: string,
  shards: number,
): Promise<Poll> {
  const config = readWorkerConfig<typeof settings>(env, contexts);
  const container = compose(pino({ level: config.LOG_LEVEL }), [dynamoDbModule, votesModule(config)]);
  try {
    return await container.get(GrowPoll).execute(pollId, shards);
  } finally {
    await container.get(system.lifecycle).close();
  }
}
