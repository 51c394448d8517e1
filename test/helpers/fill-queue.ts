import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { putTask } from '../../src/adapters/dynamodb/task-requests.ts';
import type { TaskTables } from '../../src/adapters/dynamodb/task-tables.ts';
import type { Task } from '../../src/domain/tasks/task.ts';

const BATCH = 25;
/** Tasks that have longer to wait stand aside, ms. */
const LATER_MS = 120_000;

/** Writes tasks, as they stand at a moment (epoch ms), without a request for each. */
export async function fillQueue(
  client: DynamoDBDocumentClient,
  { tasks: table }: TaskTables,
  tasks: readonly Task[],
  now: number,
): Promise<void> {
  for (let start = 0; start < tasks.length; start += BATCH) {
    const items = tasks
      .slice(start, start + BATCH)
      .map((task) => ({ PutRequest: { Item: putTask(table, task, 'filler', now + LATER_MS).Item } }));
    await client.send(new BatchWriteCommand({ RequestItems: { [table]: items } }));
  }
}
