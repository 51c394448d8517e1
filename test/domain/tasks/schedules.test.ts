import { it } from '@jest/globals';
import { MemoryQueueStore } from '../../../src/adapters/memory/queue-store.ts';
import { MemoryTaskStore } from '../../../src/adapters/memory/task-store.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { holdSchedules } from '../../suites/task-schedules.ts';

it.each(['lifo', 'fifo'] as const)(
  'whatever happens in whatever order, every rule of a %s queue holds',
  (order) => {
    const open = async () => ({
      tasks: new MemoryTaskStore(Number.MAX_SAFE_INTEGER),
      queues: new MemoryQueueStore(),
      clock: new FakeClock(),
      queue: 'q',
    });
    return holdSchedules(order, open, { runs: 200, maxEvents: 80 });
  },
  120_000,
);
