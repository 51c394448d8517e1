/**
 * Drains a queue with three workers outside on DynamoDB Local, holds each task to being claimed once and newest first, and
 * measures what it costs and how long claims take: `npm run bench -- tasks-drain [tasks]`.
 */

import { DynamoDbActiveQueues } from '../src/adapters/dynamodb/active-queues.ts';
import { DynamoDbQueueStore } from '../src/adapters/dynamodb/queue-store.ts';
import { streamsClient } from '../src/adapters/dynamodb/streams/client.ts';
import { systemClock } from '../src/adapters/system/clock.ts';
import { concurrently } from '../src/domain/shared/concurrently.ts';
import { queueSettings } from '../src/domain/tasks/queue.ts';
import { countUnits } from '../test/helpers/consumed-units.ts';
import { StreamCounting, taskProcess } from '../test/helpers/counted-tasks.ts';
import { seededRandom } from '../test/helpers/fakes.ts';
import { fillQueue } from '../test/helpers/fill-queue.ts';
import { startDynamoDbLocal } from '../test/helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../test/helpers/servers/dynamodb-tables.ts';
import { aTask } from '../test/helpers/tasks.ts';
import { tasksWorld } from '../test/helpers/tasks-world.ts';

const WORKERS = 3;
const CLAIM = 10;
const WAITING = 100_000;
const PROBES = 200;
const tasks = Number(process.argv[2] ?? 20_000);

const server = await startDynamoDbLocal();
const client = await clientOf(server.endpoint);
const streams = streamsClient(server.endpoint);
const median = (times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

async function newWorld(seed: number, tables: Awaited<ReturnType<typeof newTaskTables>>) {
  const queues = new DynamoDbQueueStore(client, tables.queues);
  const { store, counts } = taskProcess(client, tables, { clock: systemClock });
  return { counts, ...tasksWorld({ tasks: store, queues, clock: systemClock, random: seededRandom(seed) }) };
}

async function drain() {
  const tables = await newTaskTables(client);
  const active = new DynamoDbActiveQueues(client, tables.queues, systemClock);
  const worlds = await Promise.all(Array.from({ length: WORKERS }, (_, index) => newWorld(index, tables)));
  const [first] = worlds;
  if (!first) throw new Error('no worker');
  await first.queues.create(queueSettings('q', { leaseSeconds: 300 }));
  const counting = new StreamCounting(client, streams, tables, first.counts);
  const units = countUnits(client);
  let isOver = false;
  // One process reads the stream, for all of them, and every process tells what it has added.
  const counted = (async () => {
    while (!isOver) {
      await counting.go();
      await active.mark(['q']);
      await Promise.all(worlds.map(({ counts }) => counts.flush()));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  })();
  const places = new Map<string, string>();
  await concurrently(20, Array.from({ length: tasks }), async () => {
    const { task } = await first.enqueueTask.execute('q', { payload: { to: 'somebody@example.org' } });
    places.set(task.taskId, task.place);
  });
  const newestFirst = [...places].sort(([, one], [, other]) => (one > other ? -1 : 1)).map(([taskId]) => taskId);
  const rank = new Map(newestFirst.map((taskId, index) => [taskId, index]));
  const claimed: string[] = [];
  let furthest = 0;
  const ms = await timed(() =>
    Promise.all(
      worlds.map(async ({ claimTasks, taskLeases }) => {
        for (;;) {
          const [got = []] = await claimTasks.execute('q', [{ max: CLAIM }]);
          if (got.length === 0) return;
          for (const { taskId } of got) {
            furthest = Math.max(furthest, (rank.get(taskId) ?? tasks) - claimed.length);
            claimed.push(taskId);
          }
          await Promise.all(got.map(({ taskId, fence = '' }) => taskLeases.complete(taskId, fence, '"done"')));
        }
      }),
    ),
  );
  isOver = true;
  await counted;
  await counting.go();
  client.middlewareStack.remove('countUnits');
  if (claimed.length !== tasks || new Set(claimed).size !== tasks) throw new Error('not each task was claimed once');
  const { counters } = await first.tasks.stats('q', Date.now());
  return {
    tasks,
    'drained per second': Math.round((tasks * 1_000) / ms),
    'furthest from the newest one': furthest,
    'write units per task': units.writes / tasks,
    'read units per task': units.reads / tasks,
    counted: counters.succeeded,
  };
}

async function claimsBehindMany() {
  const tables = await newTaskTables(client);
  const { claimTasks, taskLeases, queues } = await newWorld(1, tables);
  await queues.create(queueSettings('q'));
  const now = Date.now();
  const waiting = Array.from({ length: WAITING }, (_, index) => aTask({ createdAt: now - WAITING + index }));
  await fillQueue(client, tables, waiting, now);
  const times: number[] = [];
  for (let probe = 0; probe < PROBES; probe++)
    times.push(
      await timed(async () => {
        const [[task] = []] = await claimTasks.execute('q', [{ max: 1 }]);
        if (!task) throw new Error('nothing was claimed');
        await taskLeases.complete(task.taskId, task.fence ?? '', '"done"');
      }),
    );
  return { waiting: WAITING, 'claim and completion, median ms': median(times) };
}

try {
  console.table(await drain());
  console.table(await claimsBehindMany());
} finally {
  client.destroy();
  streams.destroy();
  await server.stop();
}
