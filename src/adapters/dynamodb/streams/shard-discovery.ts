import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, type DynamoDBStreamsClient, type ShardFilter } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../../../ports/system.ts';
import { pause } from '../../common/pause.ts';
import type { Listing, Parents } from './sharing.ts';

export interface ShardDiscoveryOptions {
  readonly client: DynamoDBDocumentClient;
  readonly streams: DynamoDBStreamsClient;
  /** The table whose stream is read. */
  readonly table: string;
  readonly clock: Clock;
  /** Called with failures, which are retried. */
  readonly onError: (error: unknown, doing: string) => void;
}

/** The longest time between two listings of all shards; the shortest is half of it. */
const LISTING_MS = 60_000;
const FIRST_RETRY_MS = 1_000;
/** DynamoDB allows ten DescribeStream a second to all processes together, so that ten can never exceed it. */
const PACE_MS = 1_000;

/**
 * Finds out which shards the stream of a table has: all of them at the start and every 30 to 60 s, and the children of a
 * shard as soon as it has been read to its end. After a failure, and where a shard's children cannot be found, all are
 * listed again after 1 s, 2 s, 4 s and so on, at most every 30 to 60 s.
 */
export class ShardDiscovery {
  /** The stream and its shards; undefined until the stream is known. */
  found: { readonly stream: string; readonly listing: Listing } | undefined;
  /** Shards that have been read to their end and have no known children. */
  private childless: ReadonlySet<string> = new Set();
  /** On the monotonic clock, ms. */
  private listAt = 0;
  private retries = 0;
  private describedAt = Number.NEGATIVE_INFINITY;
  private readonly stopping = new AbortController();
  private readonly untilStopped = { abortSignal: this.stopping.signal };
  /** Ends the wait for the next listing. */
  private alarm = new AbortController();

  constructor(private readonly options: ShardDiscoveryOptions) {}

  /** @param onPoll called after each poll, also a failed one */
  async run(onPoll: () => void): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.alarm = new AbortController();
      await this.poll();
      onPoll();
      await pause(this.listAt - performance.now(), this.alarm.signal);
    }
  }

  stop(): void {
    this.stopping.abort();
    this.alarm.abort();
  }

  /**
   * Looks for the children of these shards at once, unless that was tried before.
   *
   * @param shardIds all that have been read to their end and have no known children
   */
  seekChildrenOf(shardIds: readonly string[]): void {
    const isNew = shardIds.some((shardId) => !this.childless.has(shardId));
    this.childless = new Set(shardIds);
    if (isNew) this.alarm.abort();
  }

  private async poll(): Promise<void> {
    const isListing = performance.now() >= this.listAt;
    const isComplete = await (isListing ? this.listAll() : this.findChildren()).then(
      () => this.stillChildless().length === 0,
      (error) => {
        if (!this.stopping.signal.aborted) this.options.onError(error, 'finding stream shards');
        return false;
      },
    );
    if (!isComplete) this.listWithin(Math.min(LISTING_MS, FIRST_RETRY_MS * 2 ** this.retries++));
    else if (isListing) {
      this.retries = 0;
      this.listWithin(LISTING_MS);
    }
  }

  /** After half of that time at least, so that processes that started together do not list together for long. */
  private listWithin(ms: number): void {
    this.listAt = performance.now() + ms * (0.5 + Math.random() / 2);
  }

  private async listAll(): Promise<void> {
    const stream = await this.findStream();
    if (stream !== this.found?.stream) this.found = undefined;
    try {
      const askedAt = this.options.clock.now();
      this.found = { stream, listing: { askedAt, parents: await this.describe(stream) } };
    } finally {
      // Without a listing there are still the leases, which tell what others know of the stream.
      this.found ??= { stream, listing: { askedAt: Number.NEGATIVE_INFINITY, parents: new Map() } };
    }
  }

  /** One call for each shard, where a listing takes one for each hundred shards of the last day. */
  private async findChildren(): Promise<void> {
    for (const shardId of this.stillChildless()) {
      if (!this.found) return;
      const { stream, listing } = this.found;
      const shards = await this.describe(stream, { Type: 'CHILD_SHARDS', ShardId: shardId });
      // DynamoDB Local knows no filter and answers with all shards, which serves as well.
      this.found = { stream, listing: { ...listing, parents: new Map([...listing.parents, ...shards]) } };
    }
  }

  private stillChildless(): string[] {
    const parents = new Set(this.found?.listing.parents.values());
    return [...this.childless].filter((shardId) => !parents.has(shardId));
  }

  /** Looked up for each listing, since a stream that is switched off and on again is another one. */
  private async findStream(): Promise<string> {
    const { client, table } = this.options;
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }), this.untilStopped);
    if (!Table?.LatestStreamArn) throw new Error(`Table ${table} has no stream`);
    return Table.LatestStreamArn;
  }

  private async describe(StreamArn: string, ShardFilter?: ShardFilter): Promise<Parents> {
    const parents = new Map<string, string | undefined>();
    let ExclusiveStartShardId: string | undefined;
    do {
      await pause(this.describedAt + PACE_MS - performance.now(), this.stopping.signal);
      this.describedAt = performance.now();
      const { StreamDescription } = await this.options.streams.send(
        new DescribeStreamCommand({ StreamArn, ExclusiveStartShardId, ShardFilter }),
        this.untilStopped,
      );
      for (const { ShardId, ParentShardId } of StreamDescription?.Shards ?? [])
        if (ShardId) parents.set(ShardId, ParentShardId);
      ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
    } while (ExclusiveStartShardId);
    return parents;
  }
}
