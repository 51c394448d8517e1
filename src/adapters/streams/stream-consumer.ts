import { setTimeout as delay } from 'node:timers/promises';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type Shard,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ChangeFeed, ChangeHandler, Clock } from '../../ports/system.ts';
import { LeaseTable, type ShardLease } from './leases.ts';
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

/** DynamoDB allows five requests a second and shard; a full answer means that there is more to catch up with. */
const PACE_MS = 200;
const RETRY_MS = 1_000;
const RECORDS_PER_REQUEST = 1_000;

/**
 * Reads the stream of a table, shared with other processes: one lease for each stream shard, a parent to its end before
 * its children, from the oldest record at first and from the checkpoint after that. Checkpoints are stored when leases
 * are renewed, so that a takeover repeats some records and skips none.
 */
export class StreamConsumer implements ChangeFeed<StreamRecord> {
  private readonly stopping = new AbortController();
  private readonly readers = new Map<string, { readonly done: Promise<void>; release: boolean }>();
  private running: Promise<void> | undefined;

  constructor(private readonly options: StreamConsumerOptions) {}

  start(handler: ChangeHandler<StreamRecord>): void {
    this.running = this.run(handler);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(handler: ChangeHandler<StreamRecord>): Promise<void> {
    const stream = await this.insist('finding the stream', () => this.findStream());
    if (!stream) return;
    const leases = new LeaseTable(
      this.options.client,
      this.options.leaseTable,
      stream,
      this.options.owner,
      this.options.leaseMs,
    );
    while (!this.stopping.signal.aborted) {
      await this.share(stream, leases, handler).catch((error) => this.options.onError(error, 'sharing stream shards'));
      await this.pause(this.options.leaseMs / 4);
    }
    await Promise.all([...this.readers.values()].map(({ done }) => done));
    await leases.leave().catch((error) => this.options.onError(error, 'leaving the stream'));
  }

  /** Takes shards that are free, up to a fair share, and lets go of one that is over it. */
  private async share(stream: string, table: LeaseTable, handler: ChangeHandler<StreamRecord>): Promise<void> {
    const now = this.options.clock.now();
    const [shards, { shards: leases, members }] = await Promise.all([this.listShards(stream), table.announce(now)]);
    const open = readableShards(shards, leases);
    const fairShare = Math.ceil(open.length / Math.max(1, members));
    if (this.readers.size > fairShare) {
      const [surplus] = this.readers.values();
      if (surplus) surplus.release = true;
    }
    for (const shardId of open) {
      if (this.readers.size >= fairShare) break;
      if (this.readers.has(shardId)) continue;
      const lease = await table.take(shardId, now);
      if (lease) this.read(stream, table, lease, handler);
    }
  }

  private read(stream: string, table: LeaseTable, lease: ShardLease, handler: ChangeHandler<StreamRecord>): void {
    const reader = { release: false, done: Promise.resolve() };
    const isWanted = (): boolean => !reader.release && !this.stopping.signal.aborted;
    const done = this.readShard(stream, table, lease, handler, isWanted)
      .catch((error) => this.options.onError(error, `reading shard ${lease.shardId}`))
      .finally(() => this.readers.delete(lease.shardId));
    this.readers.set(lease.shardId, Object.assign(reader, { done }));
  }

  /** Reads a shard until its end, until the lease is lost, or until nobody wants it to. */
  private async readShard(
    stream: string,
    table: LeaseTable,
    lease: ShardLease,
    handler: ChangeHandler<StreamRecord>,
    isWanted: () => boolean,
  ): Promise<void> {
    const { clock, leaseMs } = this.options;
    const { shardId } = lease;
    let { checkpoint } = lease;
    let renewAt = clock.now() + leaseMs / 3;
    let iterator = await this.iterator(stream, shardId, checkpoint, handler);
    while (iterator !== undefined && isWanted()) {
      try {
        const { Records = [], NextShardIterator } = await this.options.streams.send(
          new GetRecordsCommand({ ShardIterator: iterator, Limit: RECORDS_PER_REQUEST }),
        );
        if (Records.length > 0) await handler.changes(Records);
        checkpoint = Records.at(-1)?.dynamodb?.SequenceNumber ?? checkpoint;
        iterator = NextShardIterator;
        if (Records.length < RECORDS_PER_REQUEST && iterator !== undefined) await this.pause(PACE_MS);
      } catch (error) {
        const isStale = error instanceof ExpiredIteratorException || error instanceof TrimmedDataAccessException;
        if (!isStale) {
          this.options.onError(error, `reading shard ${shardId}`);
          await this.pause(RETRY_MS);
        }
        iterator = await this.iterator(stream, shardId, checkpoint, handler);
      }
      if (clock.now() >= renewAt) {
        if (!(await table.renew(shardId, clock.now(), checkpoint))) return;
        renewAt = clock.now() + leaseMs / 3;
      }
    }
    if (iterator === undefined) await table.renew(shardId, clock.now(), checkpoint, true);
    else await table.release(shardId, checkpoint);
  }

  /** An iterator behind the checkpoint. Where the records behind it are gone, the gap is told, and the rest is read. */
  private async iterator(
    StreamArn: string,
    ShardId: string,
    checkpoint: string | undefined,
    handler: ChangeHandler<StreamRecord>,
  ): Promise<string | undefined> {
    const from = (SequenceNumber: string | undefined) =>
      this.options.streams.send(
        new GetShardIteratorCommand({
          StreamArn,
          ShardId,
          ...(SequenceNumber === undefined
            ? { ShardIteratorType: 'TRIM_HORIZON' }
            : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber }),
        }),
      );
    try {
      return (await from(checkpoint)).ShardIterator;
    } catch (error) {
      if (!(error instanceof TrimmedDataAccessException)) throw error;
      await handler.gap();
      return (await from(undefined)).ShardIterator;
    }
  }

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

  /** Repeats until it succeeds or the consumer is stopped. */
  private async insist<T>(doing: string, work: () => Promise<T>): Promise<T | undefined> {
    while (!this.stopping.signal.aborted)
      try {
        return await work();
      } catch (error) {
        this.options.onError(error, doing);
        await this.pause(RETRY_MS);
      }
    return undefined;
  }

  private pause(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

/** Shards that are not read to their end, and whose parent is, or is not kept any more. */
export function readableShards(shards: readonly Shard[], leases: readonly ShardLease[]): string[] {
  const done = new Set(leases.filter((lease) => lease.done).map(({ shardId }) => shardId));
  const kept = new Set(shards.map(({ ShardId }) => ShardId));
  return shards.flatMap(({ ShardId, ParentShardId }) => {
    const parentIsRead = ParentShardId === undefined || !kept.has(ParentShardId) || done.has(ParentShardId);
    return ShardId !== undefined && !done.has(ShardId) && parentIsRead ? [ShardId] : [];
  });
}
