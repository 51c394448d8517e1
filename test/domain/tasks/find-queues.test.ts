import { expect, it } from '@jest/globals';
import { MemoryQueueStore } from '../../../src/adapters/memory/queue-store.ts';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { FindQueues } from '../../../src/domain/tasks/find-queues.ts';
import { queueSettings } from '../../../src/domain/tasks/queue.ts';
import { QueueOrders } from '../../../src/domain/tasks/queue-orders.ts';
import type { TaskStore } from '../../../src/ports/tasks.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { overriding } from '../../helpers/overriding.ts';
import { putQueue } from '../../helpers/queues.ts';
import { aTask, T0 } from '../../helpers/tasks.ts';

it('a view of a queue is no older than a task that came while its figures were read', async () => {
  const clock = new FakeClock(T0);
  const store = new MemoryTaskStore(1_000);
  const queues = new MemoryQueueStore();
  await putQueue(queues, queueSettings('q'));
  const busy = overriding<TaskStore>(store, {
    stats: async (queue, now) => {
      clock.advance(5);
      await store.add(aTask({ createdAt: clock.now() }), 10);
      return store.stats(queue, now);
    },
  });

  const { asOf, stats } = await new FindQueues(queues, busy, new QueueOrders(busy, queues, clock), clock).byName('q');
  expect(stats.newestPendingAt).toBe(T0 + 5);
  expect(asOf).toBe(T0 + 5);
});
