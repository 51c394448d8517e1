import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDbQueueCounts } from '../../src/adapters/dynamodb/queue-counts.ts';
import { DynamoDbTaskStore } from '../../src/adapters/dynamodb/task-store.ts';
import type { TaskTables } from '../../src/adapters/dynamodb/task-tables.ts';
import { decodeTaskRecords } from '../../src/adapters/streams/task-records.ts';
import { ulids } from '../../src/adapters/system/ids.ts';
import type { Clock } from '../../src/ports/system.ts';
import type { TaskChange, TaskCounts } from '../../src/ports/tasks.ts';
import { FakeClock } from './fakes.ts';
import { readStream } from './stream-records.ts';

export interface TaskProcess {
  readonly store: DynamoDbTaskStore;
  readonly counts: DynamoDbQueueCounts;
}

export interface TaskProcessOptions {
  readonly clock?: Clock;
  readonly retentionMs?: number;
  readonly sweepMs?: number;
}

const DAY_MS = 86_400_000;

/** The store of tasks as one process has it, with the counts of its queues. */
export function taskProcess(
  client: DynamoDBDocumentClient,
  tables: TaskTables,
  { clock = new FakeClock(), retentionMs = DAY_MS, sweepMs }: TaskProcessOptions = {},
): TaskProcess {
  const counts = new DynamoDbQueueCounts(client, tables.queues, clock, ulids.secret);
  return { counts, store: new DynamoDbTaskStore(client, tables, counts, retentionMs, clock, sweepMs) };
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

/** Reads the stream of the tasks table on and on, as a process that counts does, each record once. */
export class StreamCounting {
  private readonly iterators = new Map<string, string>();

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly streams: DynamoDBStreamsClient,
    private readonly tables: TaskTables,
    private readonly counts: TaskCounts,
  ) {}

  /** Counts what is new. */
  async go(): Promise<void> {
    if (this.iterators.size === 0) await this.begin();
    for (const shardId of this.iterators.keys()) while (await this.countPage(shardId));
  }

  /** @returns whether there was something to count */
  private async countPage(shardId: string): Promise<boolean> {
    const { Records = [], NextShardIterator } = await this.streams.send(
      new GetRecordsCommand({ ShardIterator: this.iterators.get(shardId) }),
    );
    await this.counts.count(shardId, decodeTaskRecords(Records).changes);
    if (NextShardIterator) this.iterators.set(shardId, NextShardIterator);
    return Records.length > 0;
  }

  private async begin(): Promise<void> {
    const { Table } = await this.client.send(new DescribeTableCommand({ TableName: this.tables.tasks }));
    const StreamArn = Table?.LatestStreamArn;
    const { StreamDescription } = await this.streams.send(new DescribeStreamCommand({ StreamArn }));
    for (const { ShardId = '' } of StreamDescription?.Shards ?? []) {
      const first = new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
      this.iterators.set(ShardId, (await this.streams.send(first)).ShardIterator as string);
    }
  }
}
