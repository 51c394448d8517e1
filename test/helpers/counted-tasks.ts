import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDbQueueCounts } from '../../src/adapters/dynamodb/queue-counts.ts';
import { decodeTaskRecords } from '../../src/adapters/dynamodb/streams/task-records.ts';
import { DynamoDbTaskStore } from '../../src/adapters/dynamodb/task-store.ts';
import type { TaskTables } from '../../src/adapters/dynamodb/task-tables.ts';
import { ulids } from '../../src/adapters/system/ids.ts';
import type { Clock } from '../../src/ports/system.ts';
import type { TaskChange, TaskCounts, TaskStore } from '../../src/ports/tasks.ts';
import { FakeClock } from './fakes.ts';
import { overriding } from './overriding.ts';
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
  /** The sequence number up to which each shard was read. */
  private readonly positions = new Map<string, string>();

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly streams: DynamoDBStreamsClient,
    private readonly tables: TaskTables,
    private readonly counts: TaskCounts,
  ) {}

  /** Counts what is new. */
  async go(): Promise<void> {
    const { Table } = await this.client.send(new DescribeTableCommand({ TableName: this.tables.tasks }));
    const StreamArn = Table?.LatestStreamArn as string;
    const { StreamDescription } = await this.streams.send(new DescribeStreamCommand({ StreamArn }));
    for (const { ShardId = '' } of StreamDescription?.Shards ?? []) await this.countShard(StreamArn, ShardId);
  }

  /** The emulator may refuse an iterator of a shard that it has just made; the shard is read from its beginning then. */
  private async countShard(StreamArn: string, ShardId: string): Promise<void> {
    try {
      await this.readShard(StreamArn, ShardId);
    } catch (error) {
      if (!(error instanceof TrimmedDataAccessException)) throw error;
      this.positions.delete(ShardId);
    }
  }

  private async readShard(StreamArn: string, ShardId: string): Promise<void> {
    const position = this.positions.get(ShardId);
    const from: Pick<GetShardIteratorCommandInput, 'ShardIteratorType' | 'SequenceNumber'> =
      position === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: position };
    let { ShardIterator } = await this.streams.send(new GetShardIteratorCommand({ StreamArn, ShardId, ...from }));
    while (ShardIterator) {
      const { Records = [], NextShardIterator } = await this.streams.send(new GetRecordsCommand({ ShardIterator }));
      await this.counts.count(ShardId, decodeTaskRecords(Records).changes);
      const last = Records.at(-1)?.dynamodb?.SequenceNumber;
      if (last === undefined) return;
      this.positions.set(ShardId, last);
      ShardIterator = NextShardIterator;
    }
  }
}

/** The store with another process that counts, which here does so just before its counts are read. */
export const countedBefore = (counting: StreamCounting, store: TaskStore): TaskStore =>
  overriding<TaskStore>(store, {
    stats: async (queue, now) => {
      await counting.go();
      return store.stats(queue, now);
    },
  });
