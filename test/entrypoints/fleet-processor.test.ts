import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { DynamoDbActiveQueues } from '../../src/adapters/dynamodb/active-queues.ts';
import { DynamoDbFleetLease } from '../../src/adapters/dynamodb/fleet-lease.ts';
import { DynamoDbQueueStore } from '../../src/adapters/dynamodb/queue-store.ts';
import { MemoryTaskNotifier } from '../../src/adapters/memory/task-notifier.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { ulids } from '../../src/adapters/system/ids.ts';
import { systemRandom } from '../../src/adapters/system/random.ts';
import { ClaimTasks } from '../../src/domain/tasks/claim-tasks.ts';
import { EnqueueTask } from '../../src/domain/tasks/enqueue-task.ts';
import { GuardRunner } from '../../src/domain/tasks/guard-runner.ts';
import { queueSettings, type RunnerSettings } from '../../src/domain/tasks/queue.ts';
import { QueueOrders } from '../../src/domain/tasks/queue-orders.ts';
import { RunTask } from '../../src/domain/tasks/run-task.ts';
import { TaskLeases } from '../../src/domain/tasks/task-leases.ts';
import { FleetProcessor, MAX_ROUNDS } from '../../src/entrypoints/worker/fleet-processor.ts';
import type { FleetLease, RunOutcome } from '../../src/ports/tasks.ts';
import { taskProcess } from '../helpers/counted-tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { overriding } from '../helpers/overriding.ts';
import { putQueue } from '../helpers/queues.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';

const logger = pino({ level: 'silent' });
const MINUTE = 60_000;

await withServer('The processor of a fleet', startDynamoDbLocal, ({ endpoint }) => {
  let client: DynamoDBDocumentClient;
  let fleet: Awaited<ReturnType<typeof newFleet>>;
  beforeAll(async () => {
    client = await clientOf(endpoint);
  });
  beforeEach(async () => {
    fleet = await newFleet();
  });
  afterAll(() => client.destroy());

  /** Processors over one new set of tables, with a runner that the test owns. */
  async function newFleet() {
    const tables = await newTaskTables(client);
    const queues = new DynamoDbQueueStore(client, tables.queues);
    const { store: tasks } = taskProcess(client, tables, { clock: systemClock });
    const active = new DynamoDbActiveQueues(client, tables.queues, systemClock);
    const notifier = new MemoryTaskNotifier();
    const meter = { record: () => undefined };
    const rounds: number[] = [];
    const calls: RunnerSettings[] = [];
    const enqueueTask = new EnqueueTask(tasks, queues, active, notifier, systemClock, ulids);
    let answer = async (): Promise<RunOutcome> => ({ kind: 'success' });
    const taskLeases = new TaskLeases(tasks, queues, notifier, systemClock, systemRandom, meter);
    const runTask = new RunTask(
      {
        run: (_, runner) => {
          calls.push(runner);
          return answer();
        },
      },
      taskLeases,
    );
    const orders = new QueueOrders(tasks, queues, systemClock);
    const newLease = (owner: string) => new DynamoDbFleetLease(client, tables.queues, owner, systemClock);
    const newProcessor = (owner: string, lease: FleetLease = newLease(owner), leaseMs?: number) =>
      new FleetProcessor({
        queues,
        tasks,
        active,
        notifications: notifier,
        lease,
        ...(leaseMs === undefined ? {} : { leaseMs }),
        claimTasks: new ClaimTasks(tasks, queues, orders, systemClock, ulids, systemRandom, meter),
        runTask,
        guardRunner: new GuardRunner(queues, systemClock, systemRandom),
        taskLeases,
        clock: systemClock,
        logger,
        meter,
        reinvoke: async (round) => void rounds.push(round),
      });
    const configure = (runner: Partial<RunnerSettings> = {}) =>
      putQueue(queues, queueSettings('q', { runner: { url: 'http://localhost:1/', ...runner } }));
    await configure();
    return {
      tables,
      queues,
      tasks,
      rounds,
      calls,
      newLease,
      newProcessor,
      configure,
      answerWith: (next: () => Promise<RunOutcome>) => {
        answer = next;
      },
      /** With the mark that the function gives it that reads the stream. */
      enqueue: async (): Promise<string> => {
        const { task } = await enqueueTask.execute('q', { payload: 1 });
        await active.mark(['q']);
        return task.taskId;
      },
    };
  }

  /** Says how much time is left of so much. */
  const leftOf = (ms: number): (() => number) => {
    const end = performance.now() + ms;
    return () => end - performance.now();
  };
  const statusOf = async (taskId: string) => (await fleet.tasks.get(taskId))?.status;

  describe('the processor of a fleet', () => {
    it('works until nothing is left, while others end at once', async () => {
      const ids = await Promise.all(Array.from({ length: 10 }, () => fleet.enqueue()));
      const ends = await Promise.all(
        ['a', 'b', 'c'].map((owner) => fleet.newProcessor(owner).run(leftOf(10 * MINUTE), 0)),
      );

      expect(ends.sort()).toEqual(['busy elsewhere', 'busy elsewhere', 'drained']);
      for (const taskId of ids) expect(await statusOf(taskId)).toBe('SUCCESS');
      expect(fleet.rounds).toEqual([]);
      expect(await fleet.newProcessor('d').run(leftOf(10 * MINUTE), 0)).toBe('drained');
    });

    it('claims nothing more a minute before its end, lets calls end, and calls itself while tasks remain', async () => {
      await fleet.configure({ concurrency: 1 });
      const ids = await Promise.all(Array.from({ length: 50 }, () => fleet.enqueue()));
      fleet.answerWith(() => new Promise((resolve) => setTimeout(resolve, 400, { kind: 'success' })));

      expect(await fleet.newProcessor('a').run(leftOf(MINUTE + 1_500), 3)).toBe('reinvoked');

      expect(fleet.rounds).toEqual([4]);
      const statuses = await Promise.all(ids.map(statusOf));
      expect(fleet.calls.length).toBeLessThan(10);
      expect(statuses.filter((status) => status === 'SUCCESS')).toHaveLength(fleet.calls.length);
      expect(statuses.filter((status) => status === 'PENDING')).toHaveLength(50 - fleet.calls.length);
    });

    it('calls itself so often and no more', async () => {
      await fleet.enqueue();
      const noTime = leftOf(MINUTE);
      expect(await fleet.newProcessor('a').run(noTime, MAX_ROUNDS - 1)).toBe('reinvoked');
      expect(await fleet.newProcessor('a').run(noTime, MAX_ROUNDS)).toBe('stopped');
      expect(fleet.rounds).toEqual([MAX_ROUNDS]);
    });

    it('sees a task that came in while it held the lease and looked no more', async () => {
      const lease = fleet.newLease('a');
      const late = overriding<FleetLease>(lease, {
        release: async () => {
          await fleet.enqueue();
          await lease.release();
        },
      });

      expect(await fleet.newProcessor('a', late).run(leftOf(10 * MINUTE), 0)).toBe('reinvoked');
      expect(fleet.rounds).toEqual([1]);
    });

    it('gives calls no more time than there is, and begins none that could have more in a new run', async () => {
      await fleet.configure({ timeoutMs: 900_000 });
      await fleet.enqueue();
      await fleet.newProcessor('a').run(leftOf(2 * MINUTE), 0);
      expect(fleet.calls.map(({ timeoutMs }) => Math.round(timeoutMs / 1_000))).toEqual([110]);

      await fleet.enqueue();
      let left = 14 * MINUTE;
      const hurrying = () => {
        left -= 2 * MINUTE;
        return Math.max(left, 0);
      };
      // 14 minutes at first: a call that may take 15 is sure of 7, and there are fewer when it could begin.
      expect(await fleet.newProcessor('a').run(hurrying, 0)).toBe('reinvoked');
      expect(fleet.calls).toHaveLength(1);
    });

    it('hands on at once what it has no time for, rather than wait for its own end', async () => {
      await fleet.configure({ timeoutMs: 9 * MINUTE });
      await fleet.enqueue();
      const end = performance.now() + 14 * MINUTE;
      let passedMs = 0;
      fleet.answerWith(async () => {
        passedMs = 7 * MINUTE;
        await fleet.enqueue();
        return { kind: 'success' };
      });
      const begin = performance.now();

      // After the first call there are 7 of 14 minutes left: enough for half of them, not for half and a bit to record.
      expect(await fleet.newProcessor('a').run(() => end - passedMs - performance.now(), 0)).toBe('reinvoked');
      expect(performance.now() - begin).toBeLessThan(5_000);
      expect(fleet.calls).toHaveLength(1);
      expect(fleet.rounds).toEqual([1]);
    });

    it('keeps its lease until the last call has ended', async () => {
      await fleet.enqueue();
      const leaseMs = 900;
      const lease = fleet.newLease('a');
      let isBeside: string | undefined;
      fleet.answerWith(async () => {
        // Twice as long as the lease, and longer than it has before the reserve.
        await new Promise((resolve) => setTimeout(resolve, 2 * leaseMs));
        isBeside = await fleet.newProcessor('b').run(leftOf(10 * MINUTE), 0);
        return { kind: 'success' };
      });

      expect(await fleet.newProcessor('a', lease, leaseMs).run(leftOf(MINUTE + 500), 0)).toBe('drained');
      expect(isBeside).toBe('busy elsewhere');
    });

    it('leaves queues without a runner alone', async () => {
      await fleet.enqueue();
      await fleet.configure();
      const { tables } = fleet;
      await putQueue(new DynamoDbQueueStore(client, tables.queues), queueSettings('q'));

      expect(await fleet.newProcessor('a').run(leftOf(10 * MINUTE), 0)).toBe('drained');
      expect(fleet.calls).toEqual([]);
    });
  });

  describe('the processor of a fleet, before a queue that nobody may claim from', () => {
    it('ends at once while the queue is paused', async () => {
      await fleet.enqueue();
      await fleet.queues.pause('q', true);
      expect(await fleet.newProcessor('a').run(leftOf(10 * MINUTE), 0)).toBe('drained');
      expect(fleet.calls).toEqual([]);
    });

    it('ends at once while a probe of the service is far, and waits for one that is near', async () => {
      const taskId = await fleet.enqueue();
      const far = { failures: 9, probeAt: Date.now() + 5 * MINUTE };
      const near = { failures: 9, probeAt: Date.now() + 1_500 };
      await fleet.queues.replaceState('q', 'breaker', undefined, far);
      expect(await fleet.newProcessor('a').run(leftOf(10 * MINUTE), 0)).toBe('drained');
      expect(fleet.calls).toEqual([]);

      await fleet.queues.replaceState('q', 'breaker', far, near);
      expect(await fleet.newProcessor('a').run(leftOf(10 * MINUTE), 0)).toBe('drained');
      expect(await statusOf(taskId)).toBe('SUCCESS');
      expect((await fleet.queues.get('q'))?.breaker).toBeUndefined();
    });
  });

  describe('the lease of a fleet', () => {
    it('is held by one until it is over or given back', async () => {
      const clock = new FakeClock();
      const leaseOf = (owner: string) => new DynamoDbFleetLease(client, fleet.tables.queues, owner, clock);
      const [a, b] = [leaseOf('a'), leaseOf('b')];

      const firsts = await Promise.all([a.acquire(1_000), b.acquire(1_000)]);
      expect(firsts.filter(Boolean)).toHaveLength(1);
      const [holder, other] = firsts[0] ? [a, b] : [b, a];
      clock.advance(500);
      expect(await holder.acquire(1_000)).toBe(true);
      clock.advance(999);
      expect(await other.acquire(1_000)).toBe(false);
      await other.release();
      expect(await other.acquire(1_000)).toBe(false);
      clock.advance(1);
      expect(await other.acquire(1_000)).toBe(true);
      expect(await holder.acquire(1_000)).toBe(false);
      await other.release();
      expect(await holder.acquire(1_000)).toBe(true);
    });
  });

  it('a processor that dies is replaced when its lease is over', async () => {
    const clock = new FakeClock(Date.now() - 40_000);
    await new DynamoDbFleetLease(client, fleet.tables.queues, 'dead', clock).acquire(30_000);
    const taskId = await fleet.enqueue();

    expect(await fleet.newProcessor('b').run(leftOf(10 * MINUTE), 0)).toBe('drained');
    await eventually(
      () => statusOf(taskId),
      (status) => status === 'SUCCESS',
    );
  });
});
