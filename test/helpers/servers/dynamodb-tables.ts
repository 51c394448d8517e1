import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { documentClient } from '../../../src/adapters/dynamodb/client.ts';
import { flagTableDefinition } from '../../../src/adapters/dynamodb/flag-store.ts';
import { limitTableDefinition } from '../../../src/adapters/dynamodb/limit-tables.ts';
import { policyTableDefinition } from '../../../src/adapters/dynamodb/policy-store.ts';
import { stockTableDefinition } from '../../../src/adapters/dynamodb/stock-store.ts';
import { createTables, type TableDefinition } from '../../../src/adapters/dynamodb/tables.ts';
import { type TaskTables, taskTableDefinitions } from '../../../src/adapters/dynamodb/task-tables.ts';
import { type VoteTables, voteTableDefinitions } from '../../../src/adapters/dynamodb/vote-tables.ts';

let made = 0;

const withoutTtl = ({ ttlAttribute: _, ...definition }: TableDefinition): TableDefinition => definition;

/** Where the product's own client finds a server; DynamoDB Local takes any credentials. */
export const dynamoDbEnv = (endpoint: string) => ({
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
});

/** Long enough that a busy machine fails no test that is not about time. */
const PATIENCE_MS = 10_000;

/** The product's own client, pointed at the server. @param answerTimeoutMs how long one attempt may take */
export async function clientOf(endpoint: string, answerTimeoutMs = PATIENCE_MS): Promise<DynamoDBDocumentClient> {
  Object.assign(process.env, dynamoDbEnv(endpoint));
  const client = documentClient(answerTimeoutMs);
  // The SDK reads the environment at the first request; from here on the client stays with this server.
  await client.send(new ListTablesCommand());
  return client;
}

const newPrefix = (): string => `test-${process.pid}-${Date.now()}-${++made}-`;

/** New, empty tables under names that nobody else has, without the TTL: fake clocks live in the past. */
export async function newVoteTables(client: DynamoDBDocumentClient): Promise<VoteTables> {
  const prefix = newPrefix();
  const tables = { votes: `${prefix}votes`, tallies: `${prefix}tallies`, leases: `${prefix}leases` };
  await createTables(client, voteTableDefinitions(tables).map(withoutTtl));
  return tables;
}

export async function newPolicyTable(client: DynamoDBDocumentClient): Promise<string> {
  const table = `${newPrefix()}policies`;
  await createTables(client, [policyTableDefinition(table)]);
  return table;
}

export async function newStockTable(client: DynamoDBDocumentClient): Promise<string> {
  const table = `${newPrefix()}stocks`;
  await createTables(client, [stockTableDefinition(table)]);
  return table;
}

export async function newLimitTable(client: DynamoDBDocumentClient): Promise<string> {
  const table = `${newPrefix()}limits`;
  await createTables(client, [withoutTtl(limitTableDefinition(table))]);
  return table;
}

export async function newFlagTable(client: DynamoDBDocumentClient): Promise<string> {
  const table = `${newPrefix()}flags`;
  await createTables(client, [withoutTtl(flagTableDefinition(table))]);
  return table;
}

export async function newTaskTables(client: DynamoDBDocumentClient): Promise<TaskTables> {
  const prefix = newPrefix();
  const tables = { tasks: `${prefix}tasks`, queues: `${prefix}queues` };
  await createTables(client, taskTableDefinitions(tables).map(withoutTtl));
  return tables;
}
