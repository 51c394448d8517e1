import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDbQueueCounts } from '../../src/adapters/dynamodb/queue-counts.ts';
import { DynamoDbTaskStore } from '../../src/adapters/dynamodb/task-store.ts';
import type { TaskTables } from '../../src/adapters/dynamodb/task-tables.ts';
import { decodeTaskRecords } from '../../src/adapters/streams/task-records.ts';
import { ulids } from '../../src/adapters/system/ids.ts';
import type { Clock } from '../../src/ports/system.ts';
import type { TaskChange } from '../../src/ports/tasks.ts';
import { FakeClock } from './fakes.ts';
import { readStream } from './stream-records.ts';

export interface TaskProcess {
  readonly store: DynamoDbTaskStore;
  readonly counts: DynamoDbQueueCounts;
}

const DAY_MS = 86_400_000;

/** The store of tasks as one process has it, with the counts of its queues. */
export function taskProcess(
  client: DynamoDBDocumentClient,
  tables: TaskTables,
  { clock = new FakeClock(), retentionMs = DAY_MS }: { readonly clock?: Clock; readonly retentionMs?: number } = {},
): TaskProcess {
  const counts = new DynamoDbQueueCounts(client, tables.queues, clock, ulids.secret);
  return { counts, store: new DynamoDbTaskStore(client, tables, counts, retentionMs, clock) };
}

/** Everything that the stream of the tasks table holds, by shard. */
export async function changesInStream(
  client: DynamoDBDocumentClient,
  streams: DynamoDBStreamsClient,
  { tasks }: TaskTables,
): Promise<ReadonlyMap<string, readonly TaskChange[]>> {
  const records = await readStream(client, streams, tasks);
  return new Map(
    [...new Set(records.map(({ shardId }) => shardId))].map((shardId) => [
      shardId,
      decodeTaskRecords(records.filter((record) => record.shardId === shardId)).changes,
    ]),
  );
}

/** Counts all of it, as whoever reads the stream does. */
export async function countStream(
  client: DynamoDBDocumentClient,
  streams: DynamoDBStreamsClient,
  tables: TaskTables,
  { counts }: TaskProcess,
): Promise<void> {
  for (const [shardId, changes] of await changesInStream(client, streams, tables)) await counts.count(shardId, changes);
}
