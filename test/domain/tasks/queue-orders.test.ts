import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryQueueStore } from '../../../src/adapters/memory/queue-store.ts';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import type { Load, OrderPolicy } from '../../../src/domain/tasks/order.ts';
import { type Queue, queueSettings } from '../../../src/domain/tasks/queue.ts';
import { QueueOrders } from '../../../src/domain/tasks/queue-orders.ts';
import type { QueueStore } from '../../../src/ports/tasks.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { overriding } from '../../helpers/overriding.ts';
import { putQueue } from '../../helpers/queues.ts';
import { T0 } from '../../helpers/tasks.ts';

describe('the order of a queue in a fleet', () => {
  const tasks = new MemoryTaskStore(1);
  let queues: MemoryQueueStore;
  let clock: FakeClock;
  let load: Load;
  let looks: number;
  let writes: number;
  beforeEach(() => {
    queues = new MemoryQueueStore();
    clock = new FakeClock(T0);
    [looks, writes] = [0, 0];
  });

  const newProcess = () =>
    new QueueOrders(
      {
        stats: async (queue, now) => {
          looks++;
          return { ...(await tasks.stats(queue, now)), ...load };
        },
      },
      overriding<QueueStore>(queues, {
        replaceState: (...change) => {
          writes++;
          return queues.replaceState(...change);
        },
      }),
      clock,
    );
  const configure = (order: OrderPolicy) => putQueue(queues, queueSettings('q', { order, deadlineSeconds: 100 }));
  const read = async () => (await queues.get('q')) as Queue;
  /** Of a deadline of 100 s. */
  const drainsIn = (seconds: number): Load => ({ backlog: seconds * 10, throughputPerSecond: 10 });

  it('is the same for every process, also for one that has just begun', async () => {
    await configure('adaptive');
    const [one, other] = [newProcess(), newProcess()];
    const orders = async () => {
      clock.advance(1_000);
      return [
        await one.currentOrder(await read()),
        await other.currentOrder(await read()),
        await newProcess().orderForLoad(load, await read()),
      ];
    };
    for (const [seconds, order] of [
      [50, 'fifo'],
      [61, 'lifo'],
      [59, 'lifo'],
      [21, 'lifo'],
      [19, 'fifo'],
      [40, 'fifo'],
    ] as const) {
      load = drainsIn(seconds);
      expect([seconds, await orders()]).toEqual([seconds, [order, order, order]]);
    }
    expect(writes).toBe(2);
  });

  it('turns once when all see at the same time that it must', async () => {
    await configure('adaptive');
    load = drainsIn(90);
    const seen = await read();
    expect(await Promise.all([1, 2, 3].map(() => newProcess().currentOrder(seen)))).toEqual(['lifo', 'lifo', 'lifo']);
    expect((await read()).turn).toEqual({ order: 'lifo', since: T0 });
  });

  it('is heard of by a process that does not look at the load itself yet', async () => {
    await configure('adaptive');
    const [one, other] = [newProcess(), newProcess()];
    load = drainsIn(10);
    expect(await other.currentOrder(await read())).toBe('fifo');
    load = drainsIn(90);
    expect(await one.currentOrder(await read())).toBe('lifo');
    const before = looks;
    expect(await other.currentOrder(await read())).toBe('lifo');
    expect(looks).toBe(before);
  });

  it.each(['lifo', 'fifo'] as const)('that is %s costs no request', async (order) => {
    await configure(order);
    load = drainsIn(90);
    expect(await newProcess().currentOrder(await read())).toBe(order);
    expect(await newProcess().orderForLoad(load, await read())).toBe(order);
    expect([looks, writes]).toEqual([0, 0]);
  });
});
