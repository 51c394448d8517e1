import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { PARALLEL_REQUESTS } from '../../src/adapters/dynamodb/parallel-requests.ts';
import { streamsClient } from '../../src/adapters/dynamodb/streams/client.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { concurrently } from '../../src/domain/shared/concurrently.ts';
import { type Counters, counterOf, noCounts } from '../../src/domain/tasks/queue-stats.ts';
import { isOpen, type Task, type TaskStatus } from '../../src/domain/tasks/task.ts';
import type { TaskStore } from '../../src/ports/tasks.ts';
import { taskProcess } from '../helpers/counted-tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { seededRandom } from '../helpers/fakes.ts';
import { Fleet, type Member } from '../helpers/fleet.ts';
import { httpService } from '../helpers/http-service.ts';
import { clientOf } from '../helpers/servers/dynamodb-tables.ts';
import { type Fate, FaultyProxy } from '../helpers/servers/faulty-proxy.ts';
import { readStream } from '../helpers/stream-records.ts';
import { wallClockAhead } from '../helpers/wall-clock.ts';

/** `served` has a runner; from `handled` workers outside claim, which are not to be relied on. */
const QUEUES = ['served', 'handled'] as const;
type QueueName = (typeof QUEUES)[number];
const LEASE_SECONDS = 3;
/** How far the clocks of the processes are ahead. */
const CLOCKS_MS = [20_000, 0, -20_000];
const ENQUEUERS = 4;
const BATCH = 5;
const HANDS = 4;

export interface TasksReport {
  readonly tasks: number;
  readonly kills: number;
  readonly calls: number;
  /** How long after the last change every process told the right figures. */
  readonly settledAfterMs: number;
}

class TasksFleet extends Fleet {
  static async onNewTables(endpoint: string): Promise<TasksFleet> {
    return new TasksFleet(await Fleet.settingsOnNewTables(endpoint));
  }

  get tables() {
    return { tasks: `${this.settings.TABLE_PREFIX}tasks`, queues: `${this.settings.TABLE_PREFIX}queues` };
  }
}

/** What happened to the tasks of a queue, by the records of the store alone. */
class History {
  counters: Counters = noCounts;
  /** The last status of each task. */
  readonly statuses = new Map<string, TaskStatus>();
  /** Tasks that changed after they were done. */
  readonly doubled: string[] = [];

  add(taskId: string, to: TaskStatus): void {
    const from = this.statuses.get(taskId);
    const counter = counterOf(from, to);
    if (counter) this.counters = { ...this.counters, [counter]: this.counters[counter] + 1 };
    if (from === 'SUCCESS') this.doubled.push(taskId);
    this.statuses.set(taskId, to);
  }
}

/**
 * Plays a schedule of faults on three processes, whose clocks differ by 40 s, while tasks come in and are worked on by
 * runners and by workers outside: a process is killed every 3 s and started again, some are stopped for longer than a
 * lease, the store loses 3 % of its answers, is late by 2 s now and then and stands still for a while, and the service
 * behind the queue goes away. In the end every task is where its records say, and so are all figures, in every process.
 *
 * @param stallMs how long the store stands still, twice
 */
export async function playTaskFaults(
  endpoint: string,
  { seed, seconds, stallMs }: { readonly seed: number; readonly seconds: number; readonly stallMs: number },
): Promise<TasksReport> {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
  const store = await FaultyProxy.start(endpoint);
  const fleet = await TasksFleet.onNewTables(endpoint);
  const client = await clientOf(endpoint);
  const streams = streamsClient(endpoint);
  const truth = taskProcess(client, fleet.tables, { clock: systemClock }).store;
  let isServiceAway = false;
  const service = await httpService((_, response) => {
    if (isServiceAway) response.socket?.destroy();
    else setTimeout(() => response.end('"done"'), 20);
  });
  const env = { AWS_ENDPOINT_URL_DYNAMODB: store.endpoint };
  for (const ms of CLOCKS_MS) await fleet.add(env, wallClockAhead(ms));
  const [ahead, right, behind] = fleet.members as [Member, Member, Member];
  const all = [ahead, right, behind];

  const retry = { firstSeconds: 1, maxSeconds: 2 };
  await put(fleet, right, 'served', { retry, runner: { url: service.url, timeoutMs: 2_000 } });
  await put(fleet, right, 'handled', {});
  const ids: Record<QueueName, string[]> = { served: [], handled: [] };
  const stopped = new Set<Member>();
  const awake = (): readonly Member[] => all.filter((member) => !stopped.has(member));
  const ask = (path: string, body?: object) =>
    untilAnswered(async () => (awake().length > 0 ? fleet.ask(pick(awake()), path, body) : undefined));
  const endsAt = performance.now() + seconds * 1_000;
  const isOver = (): boolean => performance.now() > endsAt;

  const enqueuing = Array.from({ length: ENQUEUERS }, async (_, enqueuer) => {
    for (let batch = 0; !isOver(); batch++) {
      const queue = QUEUES[batch % QUEUES.length] as QueueName;
      const tasks = Array.from({ length: BATCH }, (_, number) => ({
        payload: number,
        taskId: `${queue}-${enqueuer}-${batch}-${number}`,
        delaySeconds: random.next() < 0.1 ? 5 : 0,
      }));
      ids[queue].push(...tasks.map(({ taskId }) => taskId));
      await enqueueAll(ask, queue, tasks);
      await delay(300);
    }
  });
  const hands = Array.from({ length: HANDS }, () => handle(() => !isOver(), ask, random.next.bind(random)));
  const changing = (async () => {
    while (!isOver()) {
      await delay(1_500);
      await ask(`/tasks/${pick(ids.handled)}/cancel`, {});
      await ask('/queues/handled/redrive', {});
    }
  })();

  const restarts: Promise<void>[] = [];
  const killing = (async () => {
    while (!isOver()) {
      await delay(3_000);
      const [victim] = awake();
      if (!victim) continue;
      stopped.add(victim);
      restarts.push(fleet.killAndRestart(victim).then(() => void stopped.delete(victim)));
    }
    await Promise.all(restarts);
  })();
  const stopping = (async () => {
    while (!isOver()) {
      await delay(4_000);
      const victim = awake().at(-1);
      if (!victim) continue;
      stopped.add(victim);
      victim.server.kill('SIGSTOP');
      await delay(2 * LEASE_SECONDS * 1_000);
      victim.server.kill('SIGCONT');
      stopped.delete(victim);
    }
  })();
  const weather = (): Fate => {
    const chance = random.next();
    if (chance < 0.03) return 'lose answer';
    if (chance < 0.04) return 'lose request';
    return chance < 0.06 ? { delayMs: 2_000 } : 'pass';
  };
  const trouble = (async () => {
    for (let part = 0; part < 2; part++) {
      store.fate = weather;
      await delay((seconds * 1_000) / 4);
      isServiceAway = true;
      const standsStillUntil = performance.now() + stallMs;
      store.fate = () => ({ delayMs: Math.max(0, standsStillUntil - performance.now()) });
      await delay(stallMs);
      store.fate = weather;
      await delay(2_000);
      isServiceAway = false;
    }
  })();
  await Promise.all([...enqueuing, ...hands, changing, killing, stopping, trouble]);
  store.reset();

  const openTasks = async () => (await readAll(truth, [...ids.served, ...ids.handled])).filter((task) => isOpen(task));
  let isDone = false;
  const finishing = Array.from({ length: HANDS }, () =>
    handle(
      () => !isDone,
      ask,
      () => 0,
    ),
  );
  await eventually(openTasks, ({ length }) => length === 0, 120_000);
  isDone = true;
  await Promise.all(finishing);
  const doneAt = performance.now();

  const histories = historiesOf(await readStream(client, streams, fleet.tables.tasks));
  for (const queue of QUEUES) {
    const tasks = await readAll(truth, ids[queue]);
    const { counters, statuses, doubled } = histories.get(queue) as History;
    expect({ seed, queue, doubled }).toEqual({ seed, queue, doubled: [] });
    expect(new Map(tasks.map(({ taskId, status }) => [taskId, status]))).toEqual(statuses);
    if (queue === 'served') expect(new Set(statuses.values())).toEqual(new Set(['SUCCESS']));
    const expected = {
      pending: 0,
      taken: 0,
      deadLetters: [...statuses.values()].filter((status) => status === 'FAILURE').length,
      counters: { ...counters, refused: expect.anything() },
    };
    for (const member of all)
      await eventually(
        async () => (await fleet.ask(member, `/queues/${queue}`))?.json(),
        (figures) => expect(figures).toMatchObject(expected) === undefined,
        Math.max(1, doneAt + 10_000 - performance.now()),
      );
  }
  const settledAfterMs = performance.now() - doneAt;
  await fleet.stop();
  client.destroy();
  streams.destroy();
  await Promise.all([service.close(), store.stop()]);
  return {
    tasks: ids.served.length + ids.handled.length,
    kills: restarts.length,
    calls: service.calls.length,
    settledAfterMs,
  };
}

/**
 * Has so many tasks done by three processes whose clocks differ by 40 s, with calls that outlast their leases by far.
 *
 * @returns how many calls the service got
 */
export async function callsUnderWrongClocks(endpoint: string, tasks: number): Promise<number> {
  const fleet = await TasksFleet.onNewTables(endpoint);
  const service = await httpService((_, response) => void setTimeout(() => response.end('"done"'), 8_000));
  for (const ms of CLOCKS_MS) await fleet.add({}, wallClockAhead(ms));
  const [member] = fleet.members as [Member];
  await put(fleet, member, 'q', { runner: { url: service.url, concurrency: tasks } });
  for (const each of fleet.members)
    for (let number = 0; number < tasks / fleet.members.length; number++)
      expect((await fleet.ask(each, '/queues/q/tasks', { payload: number }))?.status).toBe(201);
  await eventually(
    async () => (await fleet.ask(member, '/queues/q'))?.json(),
    (figures) => expect(figures).toMatchObject({ pending: 0, taken: 0 }) === undefined,
    60_000,
  );
  await fleet.stop();
  await service.close();
  return service.calls.length;
}

async function put(fleet: Fleet, { server }: Member, queue: string, settings: object): Promise<void> {
  const answer = await fetch(`${server.url}/queues/${queue}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...fleet.authorization },
    body: JSON.stringify({ leaseSeconds: LEASE_SECONDS, maxAttempts: 100, ...settings }),
  });
  expect(answer.status).toBe(200);
}

/** What a caller is told to try again: the store is away, or the process was stopped while the request came. */
const PASSING = [408, 503];

/** Asks until somebody answers anything else. */
async function untilAnswered(ask: () => Promise<Response | undefined>): Promise<Response> {
  for (;;) {
    const answer = await ask();
    if (answer && !PASSING.includes(answer.status)) return answer;
    await delay(100);
  }
}

/** Adds tasks, however often it has to be tried. */
async function enqueueAll(
  ask: (path: string, body?: object) => Promise<Response>,
  queue: string,
  tasks: readonly { readonly taskId: string }[],
): Promise<void> {
  let left = tasks;
  while (left.length > 0) {
    const answer = await ask(`/queues/${queue}/tasks/batch`, { tasks: left });
    expect(answer.status).toBe(200);
    const { results } = (await answer.json()) as { results: readonly { readonly task?: object }[] };
    left = left.filter((_, index) => !results[index]?.task);
  }
}

/** A worker outside that finishes most of its tasks, and forgets or gives up some. */
async function handle(
  goesOn: () => boolean,
  ask: (path: string, body?: object) => Promise<Response>,
  random: () => number,
): Promise<void> {
  while (goesOn()) {
    const claims = await ask('/queues/handled/claims', { max: 5 });
    const { tasks = [] } = (await claims.json()) as {
      tasks?: { taskId: string; fence: string }[];
    };
    for (const { taskId, fence } of tasks) {
      const chance = random();
      if (chance > 0.9) continue;
      if (chance > 0.8) await ask(`/tasks/${taskId}/fail`, { fence, error: 'no', retryInSeconds: 1 });
      else if (chance > 0.7) await ask(`/tasks/${taskId}/fail`, { fence, error: 'never', retry: false });
      else if (chance > 0.6) await ask(`/tasks/${taskId}/release`, { fence });
      else await ask(`/tasks/${taskId}/complete`, { fence });
    }
    if (tasks.length === 0) await delay(200);
  }
}

const readAll = (store: TaskStore, ids: readonly string[]): Promise<Task[]> =>
  concurrently(PARALLEL_REQUESTS, ids, async (taskId) => (await store.get(taskId)) as Task);

function historiesOf(records: Awaited<ReturnType<typeof readStream>>): ReadonlyMap<string, History> {
  const histories = new Map<string, History>(QUEUES.map((queue) => [queue, new History()]));
  for (const { dynamodb } of records) {
    const { queue, taskId, status } = dynamodb?.NewImage ?? {};
    histories.get(queue?.S ?? '')?.add(taskId?.S ?? '', status?.S as TaskStatus);
  }
  return histories;
}
