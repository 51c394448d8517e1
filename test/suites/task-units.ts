import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PARALLEL_REQUESTS } from '../../src/adapters/dynamodb/parallel-requests.ts';
import { DynamoDbQueueStore } from '../../src/adapters/dynamodb/queue-store.ts';
import { concurrently } from '../../src/domain/shared/concurrently.ts';
import { queueSettings } from '../../src/domain/tasks/queue.ts';
import { isOpen, type Task } from '../../src/domain/tasks/task.ts';
import type { TaskStore } from '../../src/ports/tasks.ts';
import { countUnits } from '../helpers/consumed-units.ts';
import { StreamCounting, type TaskProcess, taskProcess } from '../helpers/counted-tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { seededRandom } from '../helpers/fakes.ts';
import { overriding } from '../helpers/overriding.ts';
import { putQueue } from '../helpers/queues.ts';
import { newTaskTables } from '../helpers/servers/dynamodb-tables.ts';
import { SimulatedTime } from '../helpers/simulated-time.ts';
import { tasksWorld } from '../helpers/tasks-world.ts';

export interface TaskUnits {
  readonly succeeded: number;
  readonly shed: number;
  /** Write units for each task that came to a final state, with lost claims and counts. */
  readonly writesPerTask: number;
  /** Read units, in the same way, with every look at the queue. */
  readonly readsPerTask: number;
}

const PROCESSES = 4;
const SLOTS = 5;
const SERVICE_MS = 100;
/** Tasks per second that all slots get done. */
const CAPACITY = (PROCESSES * SLOTS * 1_000) / SERVICE_MS;
/** From a look at the queue to the claim; others look and claim meanwhile. */
const LOOK_MS = 10;
const LOOK_INTERVAL_MS = 1_000;
const DEADLINE_SECONDS = 5;
const payload = { to: 'somebody@example.org', template: 'welcome', values: { name: 'Ada', plan: 'basic' } };

/** A process that enqueues and works. What it counts is sent once a second of simulated time. */
interface Process extends ReturnType<typeof tasksWorld>, TaskProcess {
  busy: number;
  isLooking: boolean;
  looksAgain: boolean;
}

/**
 * Four processes with five slots each serve a queue on new tables in simulated time, until every task is done or shed.
 *
 * @param load how much comes in, in parts of what the slots get done
 */
export async function measureTaskUnits(
  client: DynamoDBDocumentClient,
  streams: DynamoDBStreamsClient,
  load: number,
  seconds: number,
  seed = 1,
): Promise<TaskUnits> {
  const tables = await newTaskTables(client);
  const time = new SimulatedTime();
  const random = seededRandom(seed);
  const exponential = (mean: number): number => -mean * Math.log(1 - random.next());
  const queues = new DynamoDbQueueStore(client, tables.queues);
  await putQueue(queues, queueSettings('q', { deadlineSeconds: DEADLINE_SECONDS }));
  const processes = Array.from({ length: PROCESSES }, (): Process => {
    const { store, counts } = taskProcess(client, tables, { clock: time });
    const slowly = overriding<TaskStore>(store, {
      listClaimable: async (...look) => {
        const claimable = await store.listClaimable(...look);
        await time.sleep(LOOK_MS);
        return claimable;
      },
    });
    return {
      ...tasksWorld({ tasks: slowly, queues, clock: time, random }),
      store,
      counts,
      busy: 0,
      isLooking: false,
      looksAgain: false,
    };
  });
  const counting = new StreamCounting(client, streams, tables, (processes[0] as Process).counts);
  const ids: string[] = [];
  const until = time.now() + seconds * 1_000;
  const isOver = (): boolean => time.now() > until + DEADLINE_SECONDS * 1_000;

  const look = async (process: Process): Promise<void> => {
    process.looksAgain = true;
    if (process.isLooking) return;
    process.isLooking = true;
    while (process.looksAgain && process.busy < SLOTS) {
      process.looksAgain = false;
      const [claimed = []] = await process.claimTasks.execute('q', [{ max: SLOTS - process.busy }]);
      for (const task of claimed) time.begin(() => work(process, task));
    }
    process.isLooking = false;
  };
  const work = async (process: Process, { taskId, fence = '' }: Task): Promise<void> => {
    process.busy++;
    await time.sleep(exponential(SERVICE_MS));
    await process.taskLeases.complete(taskId, fence, '{"id":"a result"}');
    if (process.busy-- === SLOTS) await look(process);
  };
  for (const [index, process] of processes.entries())
    time.begin(async () => {
      await time.sleep((index * LOOK_INTERVAL_MS) / PROCESSES);
      while (!isOver()) {
        await look(process);
        await process.counts.flush();
        // One process reads the stream, for all of them.
        if (index === 0) await counting.go();
        await time.sleep(LOOK_INTERVAL_MS);
      }
    });
  time.begin(async () => {
    for (let count = 0; time.now() < until; count++) {
      const process = processes[count % PROCESSES] as Process;
      ids.push((await process.enqueueTask.execute('q', { payload })).task.taskId);
      time.begin(() => look(process));
      await time.sleep(exponential(1_000 / (load * CAPACITY)));
    }
  });
  const units = countUnits(client);
  await time.run();
  const [first] = processes as [Process];
  const { sweepTasks } = tasksWorld({ tasks: first.store, queues, clock: time });
  // What one sweep could not write, as the server was busy, a later one settles.
  await eventually(
    async () => {
      await sweepTasks.execute();
      return (await first.store.stats('q', time.now())).pending;
    },
    (pending) => pending === 0,
    60_000,
  );
  await counting.go();
  await Promise.all(processes.map(({ counts }) => counts.flush()));
  const { writes, reads } = units;
  client.middlewareStack.remove('countUnits');

  const tasks = await concurrently(PARALLEL_REQUESTS, ids, async (taskId) => (await first.store.get(taskId)) as Task);
  if (tasks.some(isOpen)) throw new Error('some tasks did not come to an end');
  const count = (status: string): number => tasks.filter((task) => task.status === status).length;
  return {
    succeeded: count('SUCCESS'),
    shed: count('SHED'),
    writesPerTask: writes / ids.length,
    readsPerTask: reads / ids.length,
  };
}
