import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeFeed, ChangeHandler } from '../../../ports/system.ts';
import { pause } from '../../common/pause.ts';
import { LeaseTable } from './leases.ts';
import { ShardDiscovery, type ShardDiscoveryOptions } from './shard-discovery.ts';
import { ShardReader } from './shard-reader.ts';
import { childlessShards, knownShards, planSharing, progressIn, readableShards } from './sharing.ts';
import type { StreamRecord } from './stream-record.ts';

export interface StreamConsumerOptions extends ShardDiscoveryOptions {
  readonly leaseTable: string;
  /** Tells this process from the others. */
  readonly owner: string;
  /** After this long without renewal a shard goes to another process, ms. */
  readonly leaseMs: number;
}

const STOP_MS = 5_000;

/**
 * Reads the stream of a table, shared with other processes: one lease for each stream shard, a parent to its end before
 * its children, from the oldest record at first and from the checkpoint after that. Leases are read often, the
 * stream's own list of shards rarely; while the stream cannot be asked, the leases are shared all the same.
 */
export class StreamConsumer implements ChangeFeed<StreamRecord> {
  private readonly discovery: ShardDiscovery;
  private readonly readers = new Map<string, ShardReader>();
  private leases: LeaseTable | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  /** Ends the wait for the next reading of the leases. */
  private alarm = new AbortController();
  private bridging: Promise<void> | undefined;

  constructor(private readonly options: StreamConsumerOptions) {
    this.discovery = new ShardDiscovery(options);
  }

  start(handler: ChangeHandler<StreamRecord>): void {
    this.running = this.run({
      changes: (records) => handler.changes(records),
      ...(handler.afterChanges
        ? { afterChanges: (records) => handler.afterChanges?.(records) ?? Promise.resolve() }
        : {}),
      // Many shards may have a gap at one time, and one run bridges them all: what is missing is a day old.
      gap: () => {
        this.bridging ??= handler.gap().finally(() => {
          this.bridging = undefined;
        });
        return this.bridging;
      },
    });
  }

  /** Waits 5 s at most: leases that are not released expire. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.discovery.stop();
    this.alarm.abort();
    await Promise.race([this.running, delay(STOP_MS, undefined, { ref: false })]);
  }

  private async run(handler: ChangeHandler<StreamRecord>): Promise<void> {
    const { onError } = this.options;
    await Promise.all([this.discovery.run(() => this.alarm.abort()), this.keepSharing(handler)]);
    const readers = [...this.readers.values()];
    for (const reader of readers) reader.stop();
    await Promise.all(readers.map(({ ended }) => ended));
    await this.leases?.leave().catch((error) => onError(error, 'leaving the stream'));
  }

  private async keepSharing(handler: ChangeHandler<StreamRecord>): Promise<void> {
    const { leaseMs, onError } = this.options;
    while (!this.stopped) {
      this.alarm = new AbortController();
      await this.share(handler).catch((error) => onError(error, 'sharing stream shards'));
      await pause(leaseMs / 4, this.alarm.signal);
    }
  }

  private async share(handler: ChangeHandler<StreamRecord>): Promise<void> {
    const { client, leaseTable, owner, leaseMs, clock } = this.options;
    if (!this.discovery.found) return;
    const { stream, listing } = this.discovery.found;
    if (this.leases?.stream !== stream) this.leases = new LeaseTable(client, leaseTable, stream, owner, leaseMs);
    const table = this.leases;
    const now = clock.now();
    const heldUntil = performance.now() + leaseMs;
    const leases = await table.heartbeat(now);
    const known = knownShards(listing, leases.shards);
    this.discovery.seekChildrenOf(childlessShards(known, leases.shards));
    const reading = [...this.readers].filter(([, reader]) => !reader.isStopping).map(([shardId]) => shardId);
    const readable = readableShards(known, leases.shards);
    const { acquire, release, offer } = planSharing({ me: owner, reading, readable, leases, now });
    for (const shardId of release) this.readers.get(shardId)?.stop();
    for (const shardId of offer) await table.offer(shardId, known.get(shardId), now);
    for (const shardId of acquire) {
      const parentId = known.get(shardId);
      const lease = this.readers.has(shardId) ? undefined : await table.acquire(shardId, parentId, now);
      if (!lease) continue;
      const parent = leases.shards.find((other) => other.shardId === parentId);
      const progress = progressIn(lease, parent, now);
      const options = { ...this.options, stream, shardId, leases: table, handler };
      const reader = new ShardReader(options, progress, heldUntil);
      this.readers.set(shardId, reader);
      void reader.ended.then(() => {
        this.readers.delete(shardId);
        this.alarm.abort();
      });
    }
  }
}
