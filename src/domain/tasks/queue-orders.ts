import type { Clock } from '../../ports/system.ts';
import type { QueueStore, TaskStore } from '../../ports/tasks.ts';
import { chooseOrder, type Load, type Order } from './order.ts';
import type { Queue } from './queue.ts';

/** The least time between two reads of the load of an adaptive queue by one process, ms. */
const RECHECK_MS = 500;

/**
 * The order in which each queue is served now. Between its two bounds an adaptive queue keeps the order that it has, so
 * its last turn is stored beside its settings, by whichever process first finds that the order must change.
 */
export class QueueOrders {
  /** When this process last read the load of a queue, epoch ms. */
  private readonly loadReadAt = new Map<string, number>();

  constructor(
    private readonly tasks: Pick<TaskStore, 'stats'>,
    private readonly queues: Pick<QueueStore, 'replaceState'>,
    private readonly clock: Clock,
  ) {}

  /** @param queue as it was just read. @throws DomainError `STORE_UNAVAILABLE` */
  async currentOrder(queue: Queue): Promise<Order> {
    if (queue.order !== 'adaptive') return queue.order;
    const now = this.clock.now();
    const loadReadAt = this.loadReadAt.get(queue.queue);
    if (loadReadAt !== undefined && now - loadReadAt < RECHECK_MS) return current(queue);
    return this.orderForLoad(await this.tasks.stats(queue.queue, now), queue);
  }

  /** The order under a load that was just read. @throws DomainError `STORE_UNAVAILABLE` */
  async orderForLoad(load: Load, queue: Queue): Promise<Order> {
    const { queue: name, order: policy, deadlineSeconds, turn } = queue;
    if (policy !== 'adaptive') return policy;
    const now = this.clock.now();
    this.loadReadAt.set(name, now);
    const order = chooseOrder(policy, load, deadlineSeconds, current(queue));
    // If another process was faster, it has stored the same turn: there are only two orders.
    if (order !== current(queue)) await this.queues.replaceState(name, 'turn', turn, { order, since: now });
    return order;
  }
}

const current = ({ turn }: Queue): Order => turn?.order ?? 'fifo';
