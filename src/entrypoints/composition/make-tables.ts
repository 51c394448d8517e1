import { documentClient } from '../../adapters/dynamodb/client.ts';
import { createTables } from '../../adapters/dynamodb/tables.ts';
import { readWorkerConfig } from './compose-worker.ts';
import type { Context } from './context.ts';

/**
 * Makes the tables of every context that are not there yet. May be repeated.
 *
 * @returns their names
 * @throws ConfigError
 */
export async function makeTables(
  env: Readonly<Record<string, string | undefined>>,
  contexts: readonly Context[],
): Promise<string[]> {
  const config = readWorkerConfig(env, contexts);
  const definitions = contexts.flatMap((context) => context.tables(config));
  const client = documentClient();
  try {
    await createTables(client, definitions);
  } finally {
    client.destroy();
  }
  return definitions.map(({ TableName }) => TableName as string);
}
