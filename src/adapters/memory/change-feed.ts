import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeFeed, ChangeHandler } from '../../ports/system.ts';

/** As many changes as one stream batch of the real store carries by default. */
const MAX_BATCH = 100;
const RETRY_DELAY_MS = 100;

/** The change stream of a store that lives in one process: changes are kept until a handler took them. */
export class MemoryChangeFeed<Change> implements ChangeFeed<Change> {
  private readonly changes: Change[] = [];
  private handler: ChangeHandler<Change> | undefined;
  private delivery: Promise<void> | undefined;

  /** Called by the store that the feed belongs to, after each change. */
  append(change: Change): void {
    this.changes.push(change);
    this.deliver();
  }

  start(handler: ChangeHandler<Change>): void {
    this.handler = handler;
    this.deliver();
  }

  async stop(): Promise<void> {
    this.handler = undefined;
    await this.delivery;
  }

  private deliver(): void {
    if (!this.handler || this.delivery || this.changes.length === 0) return;
    this.delivery = this.drain().finally(() => {
      this.delivery = undefined;
      this.deliver();
    });
  }

  private async drain(): Promise<void> {
    // Changes of the same turn of the event loop travel together.
    await new Promise(setImmediate);
    while (this.handler && this.changes.length > 0) {
      const batch = this.changes.slice(0, MAX_BATCH);
      try {
        await this.handler.changes(batch);
        this.changes.splice(0, batch.length);
      } catch {
        await delay(RETRY_DELAY_MS);
      }
    }
  }
}
