import type { Clock } from '../../ports/system.ts';
import type { TaskStore } from '../../ports/tasks.ts';
import { chooseOrder, type Load, type Order } from './order.ts';
import type { QueueSettings } from './queue.ts';

/** An adaptive queue is looked at this often at most; its load does not turn around faster. */
const RECHECK_MS = 500;

/** The order in which each queue is served now, as this process sees it. */
export class QueueOrders {
  private readonly chosen = new Map<string, { readonly order: Order; readonly at: number }>();

  constructor(
    private readonly tasks: Pick<TaskStore, 'figures'>,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `STORE_UNAVAILABLE` */
  async of(settings: QueueSettings): Promise<Order> {
    if (settings.order !== 'adaptive') return settings.order;
    const now = this.clock.now();
    const last = this.chosen.get(settings.queue);
    if (last && now - last.at < RECHECK_MS) return last.order;
    return this.under(await this.tasks.figures(settings.queue, now), settings);
  }

  /** The order under a load that was just read. */
  under(load: Load, { queue, order: policy, deadlineSeconds }: QueueSettings): Order {
    const current = this.chosen.get(queue)?.order ?? 'fifo';
    const order = chooseOrder(policy, load, deadlineSeconds, current);
    if (policy === 'adaptive') this.chosen.set(queue, { order, at: this.clock.now() });
    return order;
  }
}
