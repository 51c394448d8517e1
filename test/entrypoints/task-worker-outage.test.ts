import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { DynamoDbQueueStore } from '../../src/adapters/dynamodb/queue-store.ts';
import { MemoryQueueStore } from '../../src/adapters/memory/queue-store.ts';
import { MemoryTaskNotifier } from '../../src/adapters/memory/task-notifier.ts';
import { MemoryTaskStore } from '../../src/adapters/memory/task-store.ts';
import { systemRandom } from '../../src/adapters/system/random.ts';
import { GuardRunner } from '../../src/domain/tasks/guard-runner.ts';
import { queueSettings } from '../../src/domain/tasks/queue.ts';
import { RunTask } from '../../src/domain/tasks/run-task.ts';
import { TaskWorker } from '../../src/entrypoints/worker/task-worker.ts';
import type { QueueStore, RunOutcome, TaskRunner, TaskStore } from '../../src/ports/tasks.ts';
import { taskProcess } from '../helpers/counted-tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { putQueue } from '../helpers/queues.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { tasksWorld } from '../helpers/tasks-world.ts';

const DAY_MS = 86_400_000;
const CONCURRENCY = 10;

interface Stores {
  readonly tasks: TaskStore;
  readonly queues: QueueStore;
}

/** A service that may be away. */
class Service implements TaskRunner {
  isAway = false;
  calls = 0;
  /** The most calls at once, while it was away. */
  callsAtOnce = 0;
  private underWay = 0;

  async run(): Promise<RunOutcome> {
    this.calls++;
    this.underWay++;
    if (this.isAway) this.callsAtOnce = Math.max(this.callsAtOnce, this.underWay);
    await new Promise((resolve) => setTimeout(resolve, 2));
    this.underWay--;
    return this.isAway ? { kind: 'unreachable', error: 'ECONNREFUSED' } : { kind: 'success' };
  }
}

/** Workers of several processes, each with stores of its own, before one service. */
class Fleet {
  readonly clock = new FakeClock(Date.now());
  readonly service = new Service();
  private readonly processes: { readonly worker: TaskWorker; readonly notifier: MemoryTaskNotifier }[] = [];
  private readonly worlds: ReturnType<typeof tasksWorld>[] = [];

  constructor(stores: readonly Stores[]) {
    for (const { tasks, queues } of stores) {
      const notifier = new MemoryTaskNotifier();
      const world = tasksWorld({ tasks, queues, clock: this.clock, random: systemRandom });
      const worker = new TaskWorker({
        ...world,
        notifications: notifier,
        runTask: new RunTask(this.service, world.taskLeases),
        guardRunner: new GuardRunner(queues, this.clock, systemRandom),
        logger: pino({ level: 'silent' }),
        meter: { record: () => undefined },
      });
      this.worlds.push(world);
      this.processes.push({ worker, notifier });
    }
  }

  /** @returns the ids of so many tasks that may be tried once each */
  async enqueue(count: number): Promise<readonly string[]> {
    const { queues, enqueueTask } = this.worlds[0] as ReturnType<typeof tasksWorld>;
    const runner = { url: 'http://localhost:9/', concurrency: CONCURRENCY };
    await putQueue(queues, queueSettings('q', { maxAttempts: 1, leaseSeconds: 3_600, runner }));
    const ids: string[] = [];
    while (ids.length < count) {
      const some = Array.from({ length: Math.min(50, count - ids.length) }, () =>
        enqueueTask.execute('q', { payload: ids.length }),
      );
      ids.push(...(await Promise.all(some)).map(({ task }) => task.taskId));
    }
    return ids;
  }

  start(): void {
    for (const { worker } of this.processes) worker.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map(({ worker }) => worker.stop(1_000)));
  }

  /** Whether calls are under way, or about to be. */
  get isBusy(): boolean {
    return this.processes.some(({ worker }) => worker.isBusy);
  }

  /** Lets time go by, with a look of every worker now and then. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await eventually(
      async () => {
        this.clock.advance(1_000);
        for (const { notifier } of this.processes) await notifier.notify(['q']);
        return this.clock.now();
      },
      (now) => now >= end,
      30_000,
    );
  }

  breaker = async () => (await this.worlds[0]?.queues.get('q'))?.breaker;
  task = async (taskId: string) => this.worlds[0]?.tasks.get(taskId);
}

async function expectToOutlastAnOutage(fleet: Fleet, tasks: number, processes: number, outageMs: number) {
  const { service } = fleet;
  service.isAway = true;
  const ids = await fleet.enqueue(tasks);
  fleet.start();
  await eventually(fleet.breaker, (breaker) => breaker !== undefined, 10_000);
  await eventually(
    () => fleet.isBusy,
    (isBusy) => !isBusy,
    10_000,
  );
  // Those that were under way before anybody knew.
  const before = service.calls;
  expect(before).toBeLessThanOrEqual(processes * CONCURRENCY * 2);
  service.callsAtOnce = 0;

  await fleet.pass(outageMs);
  expect(service.calls - before).toBeGreaterThan(2);
  expect(service.calls - before).toBeLessThan(6 + outageMs / 15_000);
  expect(service.callsAtOnce).toBe(1);
  expect(await fleet.breaker()).toBeDefined();

  service.isAway = false;
  await fleet.pass(35_000);
  for (const taskId of ids) {
    const done = await eventually(
      () => fleet.task(taskId),
      (task) => task?.status === 'SUCCESS',
      30_000,
    );
    expect(done?.attempt).toBe(1);
  }
  expect(await fleet.breaker()).toBeUndefined();
  await fleet.stop();
}

describe('a service that is away', () => {
  it('costs none of 5,000 tasks an attempt, and is called now and then', async () => {
    const stores = { tasks: new MemoryTaskStore(DAY_MS), queues: new MemoryQueueStore() };
    await expectToOutlastAnOutage(new Fleet([stores]), 5_000, 1, 120_000);
  }, 60_000);
});

await withServer('A service that is away', startDynamoDbLocal, ({ endpoint }) => {
  it('costs none of 300 tasks of two processes an attempt, and is called by one of them at a time', async () => {
    const client = await clientOf(endpoint);
    const tables = await newTaskTables(client);
    const clock = new FakeClock(Date.now());
    const stores = [1, 2].map(() => ({
      tasks: taskProcess(client, tables, { clock }).store,
      queues: new DynamoDbQueueStore(client, tables.queues),
    }));
    await expectToOutlastAnOutage(new Fleet(stores), 300, 2, 60_000);
    client.destroy();
  }, 120_000);
});
