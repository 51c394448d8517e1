import { setTimeout as delay } from 'node:timers/promises';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, type DynamoDBStreamsClient, type Shard } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ChangeFeed, ChangeHandler, Clock } from '../../ports/system.ts';
import { LeaseTable } from './leases.ts';
import { ShardReader } from './shard-reader.ts';
import { planSharing, progressIn, readableShards } from './sharing.ts';
import type { StreamRecord } from './stream-record.ts';

export interface StreamConsumerOptions {
  readonly client: DynamoDBDocumentClient;
  readonly streams: DynamoDBStreamsClient;
  /** The table whose stream is read. */
  readonly table: string;
  readonly leaseTable: string;
  /** Tells this process from the others. */
  readonly owner: string;
  readonly clock: Clock;
  /** After this long without renewal a shard goes to another process, ms. */
  readonly leaseMs: number;
  /** Told of failures that the consumer gets over by itself. */
  readonly onError: (error: unknown, doing: string) => void;
}

const STOP_MS = 5_000;

/**
 * Reads the stream of a table, shared with other processes: one lease for each stream shard, a parent to its end before
 * its children, from the oldest record at first and from the checkpoint after that.
 */
export class StreamConsumer implements ChangeFeed<StreamRecord> {
  private readonly readers = new Map<string, ShardReader>();
  private leases: LeaseTable | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  /** Ends the wait for the next look at the shards. */
  private alarm = new AbortController();
  private bridging: Promise<void> | undefined;

  constructor(private readonly options: StreamConsumerOptions) {}

  start(handler: ChangeHandler<StreamRecord>): void {
    this.running = this.run({
      changes: (records) => handler.changes(records),
      // Many shards may have a gap at one time, and one run bridges them all: what is missing is a day old.
      gap: () => {
        this.bridging ??= handler.gap().finally(() => {
          this.bridging = undefined;
        });
        return this.bridging;
      },
    });
  }

  /** A store that does not answer holds nobody up for longer than 5 s: leases run out by themselves. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.alarm.abort();
    await Promise.race([this.running, delay(STOP_MS, undefined, { ref: false })]);
  }

  private async run(handler: ChangeHandler<StreamRecord>): Promise<void> {
    const { leaseMs, onError } = this.options;
    while (!this.stopped) {
      this.alarm = new AbortController();
      await this.share(handler).catch((error) => onError(error, 'sharing stream shards'));
      await delay(leaseMs / 4, undefined, { signal: this.alarm.signal }).catch(() => undefined);
    }
    const readers = [...this.readers.values()];
    for (const reader of readers) reader.stop();
    await Promise.all(readers.map(({ ended }) => ended));
    await this.leases?.leave().catch((error) => onError(error, 'leaving the stream'));
  }

  private async share(handler: ChangeHandler<StreamRecord>): Promise<void> {
    const { client, leaseTable, owner, leaseMs, clock } = this.options;
    const stream = await this.findStream();
    const table = new LeaseTable(client, leaseTable, stream, owner, leaseMs);
    this.leases = table;
    const now = clock.now();
    const [shards, leases] = await Promise.all([this.listShards(stream), table.announce(now)]);
    const reading = [...this.readers].filter(([, reader]) => !reader.isStopping).map(([shardId]) => shardId);
    const readable = readableShards(shards, leases.shards);
    const { take, letGo } = planSharing({ me: owner, reading, readable, leases, now });
    for (const shardId of letGo) this.readers.get(shardId)?.stop();
    for (const shardId of take) {
      const lease = this.readers.has(shardId) ? undefined : await table.take(shardId, now);
      if (!lease) continue;
      const parentId = shards.find(({ ShardId }) => ShardId === shardId)?.ParentShardId;
      const parent = leases.shards.find((other) => other.shardId === parentId);
      const progress = progressIn(lease, parent, now);
      const reader = new ShardReader({ ...this.options, stream, shardId, leases: table, handler }, progress);
      this.readers.set(shardId, reader);
      void reader.ended.then(() => {
        this.readers.delete(shardId);
        this.alarm.abort();
      });
    }
  }

  /** Looked up each time, since a stream that is switched off and on again is another one. */
  private async findStream(): Promise<string> {
    const { Table } = await this.options.client.send(new DescribeTableCommand({ TableName: this.options.table }));
    if (!Table?.LatestStreamArn) throw new Error(`Table ${this.options.table} has no stream`);
    return Table.LatestStreamArn;
  }

  private async listShards(StreamArn: string): Promise<readonly Shard[]> {
    const shards: Shard[] = [];
    let ExclusiveStartShardId: string | undefined;
    do {
      const { StreamDescription } = await this.options.streams.send(
        new DescribeStreamCommand({ StreamArn, ExclusiveStartShardId }),
      );
      shards.push(...(StreamDescription?.Shards ?? []));
      ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
    } while (ExclusiveStartShardId);
    return shards;
  }
}
