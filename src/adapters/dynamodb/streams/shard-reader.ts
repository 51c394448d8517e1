import {
  type DynamoDBStreamsClient,
  ExpiredIteratorException,
  GetRecordsCommand,
  GetShardIteratorCommand,
  TrimmedDataAccessException,
} from '@aws-sdk/client-dynamodb-streams';
import type { ChangeHandler, Clock } from '../../../ports/system.ts';
import { pause } from '../../common/pause.ts';
import type { LeaseTable, Progress } from './leases.ts';
import type { StreamRecord } from './stream-record.ts';

export interface ShardReaderOptions {
  readonly streams: DynamoDBStreamsClient;
  readonly stream: string;
  readonly shardId: string;
  readonly leases: LeaseTable;
  readonly leaseMs: number;
  readonly handler: ChangeHandler<StreamRecord>;
  readonly clock: Clock;
  readonly onError: (error: unknown, doing: string) => void;
}

/** Pause before each request: a shard allows five a second. */
const PACE_MS = 200;
/** Upper bound of the pause, which grows with each empty response; it delays the next record by as much. */
const IDLE_PACE_MS = 1_000;
const SLOWING = 1.1;
const RETRY_MS = 1_000;
const RECORDS_PER_REQUEST = 1_000;

/**
 * Reads a stream shard until its end, until its lease is lost, or until it is stopped. How far it came is stored when
 * the lease is renewed and at the end, so that a takeover repeats some records and skips none.
 *
 * It pauses when the lease was not renewed for most of its time, so that two processes never read a shard at the same
 * time and exceed its limit together:
 *
 *     A:  renewed ─ cut off ─────── 5 s: pauses ──────────── connected again: the lease is lost, stops
 *     B:                                    6 s: takes the shard ─ reads
 */
export class ShardReader {
  readonly ended: Promise<void>;
  private readonly stopping = new AbortController();
  /** The last record that was handled. The next one is read from here; `progress` may be behind it. */
  private position: string | undefined;
  /** What is still done after batches that were handled, in their order; `progress` reaches `position` when it ends. */
  private following: Promise<void> | undefined;

  constructor(
    private readonly options: ShardReaderOptions,
    private progress: Progress,
    /** Expiry of the lease, on the monotonic clock, ms. */
    private heldUntil: number,
  ) {
    this.position = progress.checkpoint;
    this.ended = this.run();
  }

  get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  stop(): void {
    this.stopping.abort();
  }

  private async run(): Promise<void> {
    const { leases, shardId, clock, onError } = this.options;
    const renewing = this.renewLease();
    await this.read();
    // A shard that is stopped is read again from where all is done; one that has ended is not read again.
    while (!this.isStopping && this.following) await this.following;
    this.stop();
    await renewing;
    await leases
      .release(shardId, clock.now(), this.progress)
      .catch((error) => onError(error, `releasing stream shard ${shardId}`));
  }

  /** Runs beside the reading, so that the lease is renewed also while a batch takes longer than it. */
  private async renewLease(): Promise<void> {
    const { leases, leaseMs, shardId, clock, onError } = this.options;
    for (;;) {
      await this.pause(leaseMs / 3);
      if (this.isStopping) return;
      const askedAt = performance.now();
      await leases.renew(shardId, clock.now(), this.progress).then(
        (isKept) => {
          if (isKept) this.heldUntil = askedAt + leaseMs;
          else this.stop();
        },
        (error) => onError(error, `renewing the lease of stream shard ${shardId}`),
      );
    }
  }

  private async read(): Promise<void> {
    const { streams, shardId, handler, clock, leaseMs, onError } = this.options;
    const marginMs = leaseMs / 6;
    let iterator: string | undefined;
    let pace = PACE_MS;
    while (!this.isStopping)
      try {
        if (this.progress.readAt === undefined) {
          await handler.gap();
          this.progress = { readAt: clock.now() };
          this.position = undefined;
        }
        iterator ??= await this.openIterator();
        await this.pause(pace);
        if (performance.now() > this.heldUntil - marginMs) continue;
        const { Records = [], NextShardIterator } = await streams.send(
          new GetRecordsCommand({ ShardIterator: iterator, Limit: RECORDS_PER_REQUEST }),
          { abortSignal: this.stopping.signal },
        );
        const records = Records.map((record) => ({ ...record, shardId }));
        if (records.length > 0) await handler.changes(records);
        this.position = Records.at(-1)?.dynamodb?.SequenceNumber ?? this.position;
        iterator = NextShardIterator;
        const isDone = iterator === undefined;
        this.follow(records, { checkpoint: this.position, readAt: clock.now(), ...(isDone ? { done: true } : {}) });
        if (isDone) return;
        pace = Records.length > 0 ? PACE_MS : Math.min(SLOWING * pace, IDLE_PACE_MS);
      } catch (error) {
        if (this.isStopping) return;
        iterator = undefined;
        if (error instanceof TrimmedDataAccessException) {
          await this.following;
          this.progress = {};
        } else if (!(error instanceof ExpiredIteratorException)) onError(error, `reading stream shard ${shardId}`);
        await this.pause(RETRY_MS);
      }
  }

  /** Stores how far it came once what comes after these records, and after those before them, is done. */
  private follow(records: readonly StreamRecord[], progress: Progress): void {
    const before = this.following;
    const work = records.length > 0 ? this.options.handler.afterChanges?.(records) : undefined;
    if (!before && !work) {
      this.progress = progress;
      return;
    }
    const following = Promise.all([before, work]).then(() => {
      this.progress = progress;
      if (this.following === following) this.following = undefined;
    });
    this.following = following;
  }

  /** @throws TrimmedDataAccessException when the stream has dropped records behind the checkpoint */
  private async openIterator(): Promise<string | undefined> {
    const { streams, stream, shardId } = this.options;
    const checkpoint = this.position;
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({
        StreamArn: stream,
        ShardId: shardId,
        ...(checkpoint === undefined
          ? { ShardIteratorType: 'TRIM_HORIZON' }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: checkpoint }),
      }),
    );
    return ShardIterator;
  }

  private pause(ms: number): Promise<void> {
    return pause(ms, this.stopping.signal);
  }
}
