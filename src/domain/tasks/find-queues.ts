import type { Clock } from '../../ports/system.ts';
import type { QueueStore, TaskStore } from '../../ports/tasks.ts';
import { concurrently } from '../shared/concurrently.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { queueNotFound } from './errors.ts';
import type { Order } from './order.ts';
import { type Queue, queueSettings } from './queue.ts';
import type { QueueOrders } from './queue-orders.ts';
import type { QueueStats } from './queue-stats.ts';

/** Queues whose stats are read at the same time. */
const QUEUES_AT_ONCE = 10;

/** A queue at a moment. */
export interface QueueView {
  readonly settings: Queue;
  readonly stats: QueueStats;
  /** In which it is served now. */
  readonly effectiveOrder: Order;
  /** When the stats were read, epoch ms; not before the newest task in them was made. */
  readonly asOf: number;
}

export class FindQueues {
  constructor(
    private readonly queues: QueueStore,
    private readonly tasks: TaskStore,
    private readonly orders: QueueOrders,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `TASKS_QUEUE_NOT_FOUND`, `STORE_UNAVAILABLE` */
  async byName(queue: string): Promise<QueueView> {
    const settings = await this.queues.get(queue);
    if (!settings) throw queueNotFound(queue);
    return this.view(settings);
  }

  /** By name. @throws DomainError `INVALID_REQUEST` for a bad cursor, `STORE_UNAVAILABLE` */
  async list(page: PageRequest): Promise<Page<QueueView>> {
    const { items, nextCursor } = await this.queues.list(page);
    return { items: await concurrently(QUEUES_AT_ONCE, items, (settings) => this.view(settings)), nextCursor };
  }

  /** A queue that was just read. @throws DomainError `STORE_UNAVAILABLE` */
  async view(settings: Queue): Promise<QueueView> {
    const now = this.clock.now();
    const stats = await this.tasks.stats(settings.queue, now);
    const asOf = Math.max(now, stats.newestPendingAt ?? now);
    return { settings, stats, effectiveOrder: await this.orders.orderForLoad(stats, settings), asOf };
  }
}

/** The settings of a queue that is about to get a task: with its first one it begins to exist, and is swept from then on. */
export const settingsForTasks = async (queues: Pick<QueueStore, 'get' | 'create'>, queue: string): Promise<Queue> =>
  (await queues.get(queue)) ?? (await queues.create(queueSettings(queue)));

/** The settings by which a queue goes: its own, or the defaults while it has none. */
export const settingsOf = async (queues: Pick<QueueStore, 'get'>, queue: string): Promise<Queue> =>
  (await queues.get(queue)) ?? { ...queueSettings(queue), paused: false };
