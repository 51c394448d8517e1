import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeFeed, ChangeHandler } from '../../ports/system.ts';

/** As many changes as one stream batch of the real store carries by default. */
const MAX_BATCH = 100;
const RETRY_DELAY_MS = 100;

const untilNextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The change stream of an embedded store: the newest change of each item is kept until a handler took it. */
export class MemoryChangeFeed<Change> implements ChangeFeed<Change> {
  private handler: ChangeHandler<Change> | undefined;
  private delivery: Promise<void> | undefined;

  /**
   * @param changes what was not taken yet, by the item that changed
   * @param gather awaited before each delivery: changes that come meanwhile travel together
   * @param durable resolves once the changes up to now cannot be taken back any more
   */
  constructor(
    private readonly changes = new Map<string, Change>(),
    private readonly gather = untilNextTurn,
    private readonly durable: () => Promise<void> | undefined = () => undefined,
  ) {}

  /** Called by the store that the feed belongs to, with each change. */
  append(item: string, change: Change): void {
    // Behind those that wait: one that fails again and again holds up no other.
    this.changes.delete(item);
    this.changes.set(item, change);
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
    if (!this.handler || this.delivery || this.changes.size === 0) return;
    this.delivery = this.drain().finally(() => {
      this.delivery = undefined;
      this.deliver();
    });
  }

  private async drain(): Promise<void> {
    while (this.handler && this.changes.size > 0)
      try {
        await this.gather();
        const batch = [...this.changes].slice(0, MAX_BATCH);
        await this.durable();
        // It may have been stopped meanwhile, and what comes into the batch is taken by nobody.
        if (!this.handler) return;
        await this.handler.changes(batch.map(([, change]) => change));
        for (const [item, change] of batch) if (this.changes.get(item) === change) this.changes.delete(item);
      } catch {
        await delay(RETRY_DELAY_MS);
      }
  }
}
