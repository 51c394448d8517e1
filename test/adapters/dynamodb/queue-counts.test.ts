import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { streamsClient } from '../../../src/adapters/dynamodb/streams/client.ts';
import type { TaskTables } from '../../../src/adapters/dynamodb/task-tables.ts';
import { cancelled, completed, failed, redriven, released, type Task } from '../../../src/domain/tasks/task.ts';
import { changesInStream, countStream, type TaskProcess, taskProcess } from '../../helpers/counted-tasks.ts';
import { FakeClock, seededRandom } from '../../helpers/fakes.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy } from '../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';

const MINUTE = 60_000;
const DAY_MS = 86_400_000;

await withServer('Counts of queues', startDynamoDbLocal, async ({ endpoint }) => {
  const proxy = await FaultyProxy.start(endpoint);
  let client: DynamoDBDocumentClient;
  let streams: DynamoDBStreamsClient;
  let tables: TaskTables;
  const processes: TaskProcess[] = [];
  beforeAll(async () => {
    client = await clientOf(proxy.endpoint);
    streams = streamsClient(endpoint);
  });
  beforeEach(async () => {
    tables = await newTaskTables(client);
  });
  afterEach(async () => {
    proxy.reset();
    for (const { counts } of processes.splice(0)) await counts.flush();
  });
  afterAll(async () => {
    client.destroy();
    streams.destroy();
    await proxy.stop();
  });

  const newProcess = (clock = new FakeClock()): TaskProcess => {
    const process = taskProcess(client, tables, { clock });
    processes.push(process);
    return process;
  };
  const enqueue = async ({ store }: TaskProcess, maxOpen = 1_000): Promise<string> =>
    (await store.add(aTask(), maxOpen)).kind;
  async function taken({ store }: TaskProcess): Promise<Task> {
    const task = aTask();
    await store.add(task, 1_000);
    return (await store.claim(task.taskId, aGrant('f'))).task as Task;
  }
  const countAll = (process: TaskProcess) => countStream(client, streams, tables, process);
  const itemsOf = async (queue: string) => {
    const command = new QueryCommand({
      TableName: tables.queues,
      KeyConditionExpression: 'pk = :queue',
      ExpressionAttributeValues: { ':queue': `QUEUE#${queue}` },
    });
    return (await client.send(command)).Items ?? [];
  };

  describe('the counts of a queue that several processes use', () => {
    it('are those of all changes, whoever made them', async () => {
      const [one, other] = [newProcess(), newProcess()];
      const [done, dead, given, ended] = [await taken(one), await taken(other), await taken(one), await taken(one)];
      await one.store.replace(done, completed(done, undefined, T0));
      const failure = failed(dead, 'no', undefined, T0);
      await other.store.replace(dead, failure);
      await other.store.replace(failure, redriven(failure, 60, T0));
      await one.store.replace(given, released(given, 0, T0));
      await other.store.replace(ended, cancelled(ended, T0));
      await enqueue(other);
      await countAll(newProcess());

      const { counters, pending, taken: held, approximate } = await newProcess().store.stats('q', T0);
      expect(counters).toEqual({
        enqueued: 5,
        succeeded: 1,
        failed: 1,
        shed: 0,
        cancelled: 1,
        redriven: 1,
        refused: 0,
      });
      expect([pending, held]).toEqual([3, 0]);
      expect(approximate).toEqual(['throughputPerSecond', 'counters']);
    });

    it('say so while the stream has not brought everything', async () => {
      const process = newProcess();
      await enqueue(process);

      expect(await process.store.stats('q', T0)).toMatchObject({
        pending: 1,
        approximate: expect.arrayContaining(['pending', 'taken', 'counters']),
      });
    });

    it('are exact when answers are lost or late, readers repeat themselves, and two read one shard', async () => {
      const random = seededRandom(3);
      const process = newProcess();
      proxy.fate = ({ operation }) => (operation.startsWith('Get') || random.next() > 0.2 ? 'pass' : 'lose answer');
      for (let count = 0; count < 30; count++) {
        const task = await taken(process).catch(() => undefined);
        if (task && count % 2) await process.store.replace(task, completed(task, undefined, T0)).catch(() => undefined);
      }
      proxy.reset();
      const changes = await changesInStream(client, streams, tables);
      proxy.fate = ({ operation }) => (operation === 'PutItem' && random.next() < 0.5 ? 'lose answer' : 'pass');
      const readers = [newProcess(), newProcess()];
      for (const [shardId, all] of changes)
        await Promise.all(
          readers.map(async ({ counts }) => {
            for (let read = 0; read < all.length; read += 7) {
              const start = Math.max(0, read - Math.floor(random.next() * 10));
              await counts
                .count(shardId, all.slice(start, read + 7))
                .catch(() => counts.count(shardId, all.slice(start, read + 7)));
            }
          }),
        );
      proxy.reset();

      const { counters, pending, taken: held } = await newProcess().store.stats('q', T0);
      const all = [...changes.values()].flat();
      expect(counters.enqueued).toBe(all.filter(({ from }) => from === undefined).length);
      expect(counters.succeeded).toBe(all.filter(({ to }) => to === 'SUCCESS').length);
      expect(counters.enqueued - counters.succeeded).toBe(pending + held);
    });

    it('tell refusals of all processes, each once', async () => {
      const processes = [newProcess(), newProcess()] as const;
      for (const process of processes) expect(await enqueue(process, 2)).toBe('added');
      proxy.fate = ({ operation, body }) =>
        operation === 'PutItem' && JSON.stringify(body).includes('BY#') ? 'lose answer' : 'pass';
      for (const process of processes)
        for (let count = 0; count < 3; count++) expect(await enqueue(process, 2)).toBe('full');
      for (const { counts } of processes) await counts.flush();
      proxy.reset();
      for (const { counts } of processes) await counts.flush();

      expect((await newProcess().store.stats('q', T0)).counters.refused).toBe(6);
    });

    it('are kept in few items: what is long past joins the total', async () => {
      const clock = new FakeClock(Date.now());
      const process = newProcess(clock);
      const done = await taken(process);
      await process.store.replace(done, completed(done, undefined, T0));
      expect(await enqueue(process, 0)).toBe('full');
      await countAll(process);
      await process.counts.flush();
      const before = (await process.store.stats('q', T0)).counters;
      expect((await itemsOf('q')).length).toBeGreaterThan(1);

      clock.advance(3 * DAY_MS);
      await Promise.all([process, newProcess(clock)].map(({ store }) => store.runMaintenance('q', clock.now())));
      expect((await itemsOf('q')).map(({ sk }) => sk)).toEqual(['COUNTS']);
      expect((await process.store.stats('q', T0)).counters).toEqual(before);
      expect(before).toMatchObject({ enqueued: 1, succeeded: 1, refused: 1 });
    });

    it('of the first release are held to what the queue holds once it is quiet', async () => {
      const old = {
        pk: 'QUEUE#q',
        sk: 'COUNTS',
        enqueued: 5_176,
        succeeded: 90,
        failed: 2,
        shed: 1,
        open: 4_976,
        taken: 7,
      };
      await client.send(new PutCommand({ TableName: tables.queues, Item: old }));
      const tasks = [aTask(), aTask(), { ...aTask(), status: 'TAKEN', leaseUntil: T0 + 1, fence: 'f' }];
      for (const task of tasks) {
        const key = { list: 'q#0', position: task.place };
        await client.send(new PutCommand({ TableName: tables.tasks, Item: { ...task, ...key } }));
      }
      const clock = new FakeClock();
      const process = newProcess(clock);
      await countAll(process);

      await process.store.runMaintenance('q', clock.now());
      clock.advance(10_000);
      await process.store.runMaintenance('q', clock.now());
      const { counters, pending, taken: held } = await process.store.stats('q', T0);
      expect([pending, held]).toEqual([2, 1]);
      expect(counters).toMatchObject({ enqueued: 96, succeeded: 90, failed: 2, shed: 1 });
      expect((await process.counts.read('q')).taken).toBe(1);
    });

    it('that went wrong while nobody read the stream are set right in the next quiet minute, and not before', async () => {
      const clock = new FakeClock(Date.now());
      const process = newProcess(clock);
      for (let count = 0; count < 3; count++) await enqueue(process);
      const [[shardId, changes] = ['', []]] = await changesInStream(client, streams, tables);
      await process.counts.count(shardId, changes.slice(-1));

      await process.store.runMaintenance('q', clock.now());
      expect((await process.counts.read('q')).open).toBe(1);
      clock.advance(2 * MINUTE);
      await process.store.runMaintenance('q', clock.now());
      clock.advance(9_999);
      await process.store.runMaintenance('q', clock.now());
      expect((await process.counts.read('q')).open).toBe(1);
      clock.advance(1);
      await newProcess(clock).store.runMaintenance('q', clock.now());
      expect((await process.counts.read('q')).open).toBe(3);
    });

    it('are not set right for what is on its way through the stream', async () => {
      const clock = new FakeClock(Date.now());
      const process = newProcess(clock);
      const held = await taken(process);
      await enqueue(process);
      await countAll(process);
      clock.advance(2 * MINUTE);
      // These are in the index, and not counted yet.
      await enqueue(process);
      await process.store.replace(held, completed(held, undefined, T0));
      await enqueue(process);

      await process.store.runMaintenance('q', clock.now());
      clock.advance(5_000);
      await countAll(process);
      clock.advance(MINUTE);
      await process.store.runMaintenance('q', clock.now());
      clock.advance(MINUTE);
      await process.store.runMaintenance('q', clock.now());
      expect((await process.store.stats('q', T0)).counters).toMatchObject({ enqueued: 4, succeeded: 1 });
      expect((await process.counts.read('q')).open).toBe(3);
    });
  });

  describe('the limit of a queue', () => {
    it('holds a small queue, whoever adds', async () => {
      const processes = [newProcess(), newProcess(), newProcess()];
      const adds = Array.from({ length: 60 }, (_, index) => enqueue(processes[index % 3] as TaskProcess, 40));

      const kinds = await Promise.all(adds);
      const added = kinds.filter((kind) => kind === 'added').length;
      expect(added).toBeLessThanOrEqual(42);
      expect(added).toBeGreaterThanOrEqual(38);
    });

    it('holds a larger queue to within 5 % or 50 tasks, and processes tell each other rarely', async () => {
      const processes = [newProcess(), newProcess(), newProcess(), newProcess()];
      proxy.reset();
      const kinds: string[] = [];
      for (let round = 0; round < 11; round++)
        kinds.push(
          ...(await Promise.all(
            processes.flatMap((process) => Array.from({ length: 10 }, () => enqueue(process, 400))),
          )),
        );

      const added = kinds.filter((kind) => kind === 'added').length;
      expect(added).toBeGreaterThanOrEqual(380);
      expect(added).toBeLessThanOrEqual(420);
      const told = proxy.requests.filter(({ body }) => JSON.stringify(body).includes('BY#')).length;
      expect(told).toBeLessThan(0.5 * kinds.length);
    });

    it('holds for many processes that fill the queue together', async () => {
      const processes = Array.from({ length: 12 }, () => newProcess());
      let added = 0;
      for (let round = 0; round < 20; round++) {
        const kinds = await Promise.all(processes.map((process) => enqueue(process, 200)));
        added += kinds.filter((kind) => kind === 'added').length;
      }
      expect(added).toBeLessThanOrEqual(250);
      expect(added).toBeGreaterThanOrEqual(150);
    });

    it('holds while processes are killed and the stream is read now and then', async () => {
      const reader = newProcess();
      let living = newProcess();
      const open: Task[] = [];
      let [most, refusedAt] = [0, Number.POSITIVE_INFINITY];
      for (let round = 0; round < 7; round++) {
        // Whatever it had not told is gone with it.
        if (round % 3 === 0) living = newProcess();
        const tasks = Array.from({ length: 30 }, () => aTask());
        const kinds = await Promise.all(tasks.map(async (task) => (await living.store.add(task, 100)).kind));
        open.push(...tasks.filter((_, index) => kinds[index] === 'added'));
        if (kinds.includes('full')) refusedAt = Math.min(refusedAt, open.length);
        most = Math.max(most, open.length);
        const ending = open.splice(0, 20).map(async (task) => {
          const { task: held } = await living.store.claim(task.taskId, aGrant('f'));
          await living.store.replace(held as Task, completed(held as Task, undefined, T0));
        });
        await Promise.all(ending);
        if (round % 2 === 0) await countAll(reader);
      }
      expect(most).toBeLessThanOrEqual(150);
      expect(refusedAt).toBeGreaterThanOrEqual(50);
    });

    it('lets nobody wait for room that others have made, once the stream has brought it', async () => {
      const [one, other] = [newProcess(), newProcess()];
      const tasks = [await taken(one), await taken(one)];
      expect(await enqueue(one, 2)).toBe('full');
      for (const task of tasks) await other.store.replace(task, completed(task, undefined, T0));
      await countAll(other);

      await expect(
        (async () => {
          for (;;) if ((await enqueue(one, 2)) === 'added') return 'added';
        })(),
      ).resolves.toBe('added');
    });

    it('keeps nobody from enqueuing while the store does not tell the counts', async () => {
      const process = newProcess();
      proxy.fate = ({ operation }) => (operation === 'Query' ? 'lose answer' : 'pass');
      expect(await enqueue(process)).toBe('added');
    });

    it('counts no task twice that is sent again', async () => {
      const process = newProcess();
      const task = aTask();
      for (let count = 0; count < 5; count++) await process.store.add(task, 3);
      expect(await enqueue(process, 3)).toBe('added');
      expect(await enqueue(process, 3)).toBe('added');
      expect(await enqueue(process, 3)).toBe('full');
      expect((await process.store.add(task, 3)).kind).toBe('repeated');
    });
  });
});
