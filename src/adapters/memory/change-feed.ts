import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeFeed, ChangeHandler } from '../../ports/system.ts';

/** As many changes as one stream batch of the real store carries by default. */
const MAX_BATCH = 100;
const RETRY_DELAY_MS = 100;
const MAX_RETRY_DELAY_MS = 5_000;

const untilNextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The change stream of an embedded store: the names of items that changed are kept until a handler took their newest state. */
export class MemoryChangeFeed<Change> implements ChangeFeed<Change> {
  private read: (item: string) => Change = () => {
    throw new Error('The feed belongs to no store');
  };
  /** Items that changed after they were read for the handler. */
  private readonly newer = new Set<string>();
  /** Items of batches that failed, the one that waits longest first. Others are delivered meanwhile. */
  private readonly failed = new Set<string>();
  private retryDelayMs = RETRY_DELAY_MS;
  /** On the monotonic clock, ms. */
  private retryAt = 0;
  private handler: ChangeHandler<Change> | undefined;
  private delivery: Promise<void> | undefined;

  /**
   * @param waiting items whose newest state was not taken yet
   * @param gather awaited before each delivery: changes that come meanwhile travel together
   * @param durable resolves once the changes up to now cannot be taken back any more
   */
  constructor(
    private readonly waiting = new Map<string, true>(),
    private readonly gather = untilNextTurn,
    private readonly durable: () => Promise<void> | undefined = () => undefined,
  ) {}

  /** Called once by the store that the feed belongs to. @param read the newest state of an item */
  readBy(read: (item: string) => Change): void {
    this.read = read;
  }

  /** Called by the store with each change of an item. */
  append(item: string): void {
    this.newer.add(item);
    if (!this.waiting.has(item)) this.waiting.set(item, true);
    this.deliver();
  }

  async start(handler: ChangeHandler<Change>): Promise<void> {
    this.handler = handler;
    this.deliver();
    await this.delivery;
  }

  async stop(): Promise<void> {
    this.handler = undefined;
    await this.delivery;
  }

  private deliver(): void {
    if (!this.handler || this.delivery || this.waiting.size === 0) return;
    this.delivery = this.drain().finally(() => {
      this.delivery = undefined;
      this.deliver();
    });
  }

  private async drain(): Promise<void> {
    while (this.handler && this.waiting.size > 0) {
      await this.gather();
      const batch = this.nextBatch();
      if (batch.length === 0) await delay(RETRY_DELAY_MS);
      else await this.hand(batch);
    }
  }

  /** Those that failed when it is time for them, else others. */
  private nextBatch(): readonly string[] {
    const isDue = this.failed.size > 0 && performance.now() >= this.retryAt;
    const batch: string[] = [];
    for (const item of isDue ? this.failed : this.waiting.keys()) {
      if (batch.length === MAX_BATCH) break;
      if (isDue || !this.failed.has(item)) batch.push(item);
    }
    return batch;
  }

  private async hand(batch: readonly string[]): Promise<void> {
    try {
      const changes = batch.map((item) => this.read(item));
      for (const item of batch) this.newer.delete(item);
      await this.durable();
      // It may have been stopped meanwhile, and what comes into the batch is taken by nobody.
      if (!this.handler) return;
      await this.handler.changes(changes);
    } catch {
      this.holdBack(batch);
      return;
    }
    for (const item of batch) {
      if (this.failed.delete(item)) this.retryDelayMs = RETRY_DELAY_MS;
      if (!this.newer.has(item)) this.waiting.delete(item);
    }
  }

  private holdBack(batch: readonly string[]): void {
    const isRetry = batch.some((item) => this.failed.has(item));
    if (isRetry || this.failed.size === 0) {
      this.retryDelayMs = isRetry ? Math.min(MAX_RETRY_DELAY_MS, 2 * this.retryDelayMs) : RETRY_DELAY_MS;
      this.retryAt = performance.now() + this.retryDelayMs;
    }
    for (const item of batch) {
      this.failed.delete(item);
      this.failed.add(item);
    }
  }
}
