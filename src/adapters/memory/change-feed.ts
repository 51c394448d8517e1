import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeFeed } from '../../ports/system.ts';

/** As many changes as one stream batch of the real store carries by default. */
const MAX_BATCH = 100;
const RETRY_DELAY_MS = 100;

/** The change stream of a store that lives in one process: changes are kept until a handler took them. */
export class MemoryChangeFeed<Change> implements ChangeFeed<Change> {
  private readonly changes: Change[] = [];
  private handle: ((changes: readonly Change[]) => Promise<void>) | undefined;
  private delivery: Promise<void> | undefined;

  /** Called by the store that the feed belongs to, after each change. */
  append(change: Change): void {
    this.changes.push(change);
    this.deliver();
  }

  start(handle: (changes: readonly Change[]) => Promise<void>): void {
    this.handle = handle;
    this.deliver();
  }

  async stop(): Promise<void> {
    this.handle = undefined;
    await this.delivery;
  }

  private deliver(): void {
    if (!this.handle || this.delivery || this.changes.length === 0) return;
    this.delivery = this.drain().finally(() => {
      this.delivery = undefined;
      this.deliver();
    });
  }

  private async drain(): Promise<void> {
    // Changes of the same turn of the event loop travel together.
    await new Promise(setImmediate);
    while (this.handle && this.changes.length > 0) {
      const batch = this.changes.slice(0, MAX_BATCH);
      try {
        await this.handle(batch);
        this.changes.splice(0, batch.length);
      } catch {
        await delay(RETRY_DELAY_MS);
      }
    }
  }
}
