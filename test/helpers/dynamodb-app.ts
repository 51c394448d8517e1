import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { type EmbeddedApp, type EmbeddedAppOptions, embeddedApp } from './embedded-app.ts';
import { dynamoDbEnv } from './servers/dynamodb-tables.ts';

let made = 0;

/** Settings of a service on DynamoDB, with tables that nobody else has. */
export const dynamoDbSettings = (endpoint: string): Record<string, string> => ({
  ...dynamoDbEnv(endpoint),
  STORAGE: 'dynamodb',
  TABLE_PREFIX: `test-${process.pid}-${Date.now()}-${++made}-`,
  VOTER_KEY: 'a voter key for tests',
  // The services behind queues are those of the tests.
  RUNNER_HOSTS: '127.0.0.0/8',
});

/** The whole service on new tables in DynamoDB, over `inject`, with a clock that the test owns and its loops running. */
export async function dynamoDbApp(
  endpoint: string,
  env: Record<string, string> = {},
  options?: EmbeddedAppOptions,
): Promise<EmbeddedApp> {
  const settings = { ...dynamoDbSettings(endpoint), ...env };
  // The SDK reads its own settings from the environment of the process.
  Object.assign(process.env, dynamoDbEnv(endpoint));
  await makeTables(settings);
  return embeddedApp(settings, options);
}
