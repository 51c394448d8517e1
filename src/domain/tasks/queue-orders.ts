import type { Clock } from '../../ports/system.ts';
import type { QueueStore, TaskStore } from '../../ports/tasks.ts';
import { chooseOrder, type Load, type Order } from './order.ts';
import type { Queue } from './queue.ts';

/** A process looks at the load of an adaptive queue this often at most; it does not turn around faster. */
const RECHECK_MS = 500;

/**
 * The order in which each queue is served now. What an adaptive queue does between its two bounds depends on how it came
 * there, so the fleet remembers its last turn, beside its settings; whoever finds that it is to turn says so to all.
 */
export class QueueOrders {
  /** When this process looked at the load of a queue, epoch ms. */
  private readonly lookedAt = new Map<string, number>();

  constructor(
    private readonly tasks: Pick<TaskStore, 'figures'>,
    private readonly queues: Pick<QueueStore, 'remember'>,
    private readonly clock: Clock,
  ) {}

  /** @param queue as it was just read. @throws DomainError `STORE_UNAVAILABLE` */
  async of(queue: Queue): Promise<Order> {
    if (queue.order !== 'adaptive') return queue.order;
    const now = this.clock.now();
    const lookedAt = this.lookedAt.get(queue.queue);
    if (lookedAt !== undefined && now - lookedAt < RECHECK_MS) return current(queue);
    return this.under(await this.tasks.figures(queue.queue, now), queue);
  }

  /** The order under a load that was just read. @throws DomainError `STORE_UNAVAILABLE` */
  async under(load: Load, queue: Queue): Promise<Order> {
    const { queue: name, order: policy, deadlineSeconds, turn } = queue;
    if (policy !== 'adaptive') return policy;
    const now = this.clock.now();
    this.lookedAt.set(name, now);
    const order = chooseOrder(policy, load, deadlineSeconds, current(queue));
    // If somebody else was faster, it has turned already: there are but two orders.
    if (order !== current(queue)) await this.queues.remember(name, 'turn', turn, { order, since: now });
    return order;
  }
}

const current = ({ turn }: Queue): Order => turn?.order ?? 'fifo';
