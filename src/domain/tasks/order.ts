/** Which end of a queue is served first. */
export type Order = 'lifo' | 'fifo';

/** `adaptive` serves the oldest first while that keeps every task inside its deadline, else the newest. */
export type OrderPolicy = Order | 'adaptive';

/** When an adaptive queue came to be served in another order. */
export interface Turn {
  readonly order: Order;
  /** Epoch ms. */
  readonly since: number;
}

/** Parts of the deadline that the backlog may take to drain. Between them the order stays, so that it does not flap. */
const NEWEST_FIRST_ABOVE = 0.6;
const OLDEST_FIRST_BELOW = 0.2;

export interface Load {
  /** Tasks that could be claimed at once. */
  readonly backlog: number;
  /** Tasks finished per second; undefined while nothing was ever finished. */
  readonly throughputPerSecond: number | undefined;
}

/**
 * The order in which a queue is served now. When a queue cannot keep up, the oldest first means that every task is
 * served at the edge of its deadline or past it; the newest first serves most of them in time and sheds the rest.
 *
 * @param current the order until now; `fifo` for a queue that was not looked at before
 */
export function chooseOrder(policy: OrderPolicy, load: Load, deadlineSeconds: number, current: Order): Order {
  if (policy !== 'adaptive') return policy;
  const drainTime = drainSeconds(load);
  if (drainTime === undefined) return current;
  if (drainTime > NEWEST_FIRST_ABOVE * deadlineSeconds) return 'lifo';
  return drainTime < OLDEST_FIRST_BELOW * deadlineSeconds ? 'fifo' : current;
}

/** How long the backlog takes at the present throughput; undefined while that is not known. */
function drainSeconds({ backlog, throughputPerSecond }: Load): number | undefined {
  if (backlog === 0) return 0;
  return throughputPerSecond === undefined ? undefined : backlog / throughputPerSecond;
}
