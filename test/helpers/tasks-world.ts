import { MemoryQueueStore } from '../../src/adapters/memory/queue-store.ts';
import { MemoryTaskNotifier } from '../../src/adapters/memory/task-notifier.ts';
import { MemoryTaskStore } from '../../src/adapters/memory/task-store.ts';
import { ulids } from '../../src/adapters/system/ids.ts';
import { CancelTask } from '../../src/domain/tasks/cancel-task.ts';
import { ClaimTasks } from '../../src/domain/tasks/claim-tasks.ts';
import { EnqueueTask } from '../../src/domain/tasks/enqueue-task.ts';
import { PurgeQueue } from '../../src/domain/tasks/purge-queue.ts';
import { QueueOrders } from '../../src/domain/tasks/queue-orders.ts';
import { RedriveTasks } from '../../src/domain/tasks/redrive-tasks.ts';
import { SweepTasks } from '../../src/domain/tasks/sweep-tasks.ts';
import { TaskLeases } from '../../src/domain/tasks/task-leases.ts';
import type { Clock, Ids, Meter, Random } from '../../src/ports/system.ts';
import type { ActiveQueues, QueueStore, TaskStore } from '../../src/ports/tasks.ts';
import { everyQueue } from './every-queue.ts';
import { FakeClock, seededRandom } from './fakes.ts';

/** What a test may bring along in place of what {@link tasksWorld} makes. */
export interface TasksParts {
  readonly tasks?: TaskStore;
  readonly queues?: QueueStore;
  readonly clock?: Clock;
  readonly ids?: Ids;
  readonly random?: Random;
  readonly active?: ActiveQueues;
  readonly meter?: Meter;
}

/** The tasks use cases as one process has them, over memory stores that forget nothing unless a test brings others. */
export function tasksWorld({
  tasks = new MemoryTaskStore(Number.MAX_SAFE_INTEGER),
  queues = new MemoryQueueStore(),
  clock = new FakeClock(),
  ids = ulids,
  random = seededRandom(7),
  active = everyQueue(queues),
  meter = { record: () => undefined },
}: TasksParts = {}) {
  const notifier = new MemoryTaskNotifier();
  return {
    tasks,
    queues,
    active,
    clock,
    enqueueTask: new EnqueueTask(tasks, queues, active, notifier, clock, ids),
    claimTasks: new ClaimTasks(tasks, queues, new QueueOrders(tasks, queues, clock), clock, ids, random, meter),
    taskLeases: new TaskLeases(tasks, queues, notifier, clock, random, meter),
    cancelTask: new CancelTask(tasks, clock),
    purgeQueue: new PurgeQueue(tasks, queues, clock),
    redriveTasks: new RedriveTasks(tasks, queues, active, notifier, clock),
    sweepTasks: new SweepTasks(tasks, queues, active, notifier, clock, meter),
  };
}
