import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DynamoDbTaskStore } from '../../../src/adapters/dynamodb/task-store.ts';
import type { TaskTables } from '../../../src/adapters/dynamodb/task-tables.ts';
import { completed, failed, type Task } from '../../../src/domain/tasks/task.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newTaskTables } from '../../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy, refusal } from '../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aGrant, aTask, T0 } from '../../helpers/tasks.ts';

const DAY_MS = 86_400_000;
/** Nothing is sent unless the test says so. */
const NEVER_MS = 3_600_000;
const MINUTE = 60_000;

await withServer('Counts of queues', startDynamoDbLocal, async ({ endpoint }) => {
  const proxy = await FaultyProxy.start(endpoint);
  let client: DynamoDBDocumentClient;
  let tables: TaskTables;
  const stores: DynamoDbTaskStore[] = [];
  beforeAll(async () => {
    client = await clientOf(proxy.endpoint);
  });
  beforeEach(async () => {
    tables = await newTaskTables(client);
  });
  afterEach(async () => {
    proxy.reset();
    for (const store of stores.splice(0)) await store.flush();
  });
  afterAll(async () => {
    client.destroy();
    await proxy.stop();
  });

  /** What a process of its own would have. */
  const newProcess = (flushMs = NEVER_MS): DynamoDbTaskStore => {
    const store = new DynamoDbTaskStore(client, tables, DAY_MS, new FakeClock(), { flushMs });
    stores.push(store);
    return store;
  };

  const enqueue = async (store: DynamoDbTaskStore, maxOpen = 1_000): Promise<string> =>
    (await store.add(aTask(), maxOpen)).kind;
  async function taken(store: DynamoDbTaskStore): Promise<Task> {
    const task = aTask();
    await store.add(task, 1_000);
    return (await store.claim(task.taskId, aGrant('f'))).task as Task;
  }

  /** As they are stored. */
  const countsOf = async (queue: string) =>
    (await client.send(new GetCommand({ TableName: tables.queues, Key: { pk: `QUEUE#${queue}`, sk: 'COUNTS' } }))).Item;

  describe('the counts of a queue that several processes use', () => {
    it('add up once they are sent', async () => {
      const [one, other] = [newProcess(), newProcess()];
      const [done, dead] = [await taken(one), await taken(other)];
      await one.replace(done, completed(done, undefined, T0));
      await other.replace(dead, failed(dead, 'no', undefined, T0));
      await enqueue(other);
      await Promise.all([one.flush(), other.flush()]);

      const { counters } = await newProcess().figures('q', T0);
      expect(counters).toEqual({
        enqueued: 3,
        succeeded: 1,
        failed: 1,
        shed: 0,
        cancelled: 0,
        redriven: 0,
        refused: 0,
      });
    });

    it('never fall, also when they are read while they are sent', async () => {
      const store = newProcess(1);
      let last = 0;
      for (let count = 1; count <= 30; count++) {
        const [, { counters }] = await Promise.all([enqueue(store), store.figures('q', T0)]);
        expect(counters.enqueued).toBeGreaterThanOrEqual(last);
        expect(counters.enqueued).toBeGreaterThanOrEqual(count - 1);
        last = counters.enqueued;
      }
    });

    it('hold a small queue to its limit, whoever adds', async () => {
      const processes = [newProcess(), newProcess(), newProcess()];
      const adds = Array.from({ length: 90 }, (_, index) => enqueue(processes[index % 3] as DynamoDbTaskStore, 40));

      const kinds = await Promise.all(adds);
      const added = kinds.filter((kind) => kind === 'added').length;
      expect(added).toBeLessThanOrEqual(40);
      expect(added).toBeGreaterThanOrEqual(38);
    });

    it('hold a larger queue to within 5 % of its limit, and send rarely', async () => {
      const processes = [newProcess(), newProcess(), newProcess(), newProcess()];
      proxy.reset();
      const kinds: string[] = [];
      for (let round = 0; round < 11; round++)
        kinds.push(
          ...(await Promise.all(processes.flatMap((store) => Array.from({ length: 10 }, () => enqueue(store, 400))))),
        );

      const added = kinds.filter((kind) => kind === 'added').length;
      expect(added).toBeGreaterThanOrEqual(380);
      expect(added).toBeLessThanOrEqual(420);
      const sent = proxy.requests.filter(({ operation }) => operation === 'UpdateItem').length;
      expect(sent).toBeLessThan(0.5 * kinds.length);
    });

    it('hold the limit also for many processes, each of which has seen the queue nearly empty', async () => {
      const flushMs = 20;
      const processes = Array.from({ length: 12 }, () => newProcess(flushMs));
      for (const store of processes) await enqueue(store, 400);
      await Promise.all(processes.map((store) => store.flush()));
      const filler = newProcess();
      for (let count = 0; count < 38; count++)
        await Promise.all(Array.from({ length: 10 }, () => enqueue(filler, 400)));
      await filler.flush();

      const kinds = await Promise.all(
        processes.flatMap((store) => Array.from({ length: 4 }, () => enqueue(store, 400))),
      );
      expect(12 + 380 + kinds.filter((kind) => kind === 'added').length).toBeLessThanOrEqual(420);
    });

    it('hold the limit also for many processes that fill the queue together', async () => {
      const processes = Array.from({ length: 20 }, () => newProcess());
      let added = 0;
      for (let round = 0; round < 25; round++)
        for (const store of processes) if ((await enqueue(store, 400)) === 'added') added++;
      expect(added).toBeLessThanOrEqual(420);
      expect(added).toBeGreaterThanOrEqual(380);
    });

    it('let nobody wait for room that others have made', async () => {
      const [one, other] = [newProcess(0), newProcess()];
      const tasks = [await taken(one), await taken(one)];
      expect(await enqueue(one, 2)).toBe('full');
      for (const task of tasks) await other.replace(task, completed(task, undefined, T0));
      await other.flush();

      expect(await enqueue(one, 2)).toBe('added');
    });

    it('are counted anew when a process has died with its counts, and come out right when all is quiet', async () => {
      const dying = newProcess();
      for (let count = 0; count < 5; count++) await taken(dying);
      const dead = await taken(dying);
      await dying.replace(dead, failed(dead, 'no', undefined, T0));
      const survivor = newProcess();
      const limit = 6;
      expect(await enqueue(survivor, limit)).toBe('added');

      await survivor.tidy('q', T0);
      await survivor.flush();
      expect(await enqueue(newProcess(), limit)).toBe('full');
      const next = newProcess();
      expect(await next.figures('q', T0)).toMatchObject({ pending: 1, taken: 5, deadLetters: 1 });
    });

    it('are counted anew by one of several processes at a time', async () => {
      const dying = newProcess();
      for (let count = 0; count < 6; count++) await taken(dying);
      const survivors = [newProcess(), newProcess(), newProcess()];

      for (const at of [T0 + MINUTE, T0 + MINUTE + 1, T0 + 2 * MINUTE]) {
        await Promise.all(survivors.map((store) => store.tidy('q', at)));
        await Promise.all(survivors.map((store) => store.flush()));
      }
      await newProcess().tidy('q', T0 + 3 * MINUTE);
      expect(await countsOf('q')).toMatchObject({ open: 6, taken: 6 });
    });

    it('are not counted anew for what is on its way, in a queue that is only filled', async () => {
      const [busy, other] = [newProcess(), newProcess()];
      const plenty = 100_000;
      for (let count = 0; count < 40; count++) await enqueue(busy, plenty);
      await busy.flush();
      for (let count = 0; count < 20; count++) await enqueue(busy, plenty);

      await other.tidy('q', T0);
      await Promise.all([busy.flush(), other.flush()]);
      expect(await countsOf('q')).toMatchObject({ open: 60 });
    });

    it('are all sent by the last flush, also those that were added while some were on their way', async () => {
      const store = newProcess();
      await enqueue(store);
      const first = store.flush();
      const adding = enqueue(store);
      await Promise.all([first, store.flush()]);

      expect(await countsOf('q')).toMatchObject({ open: 2 });
      await adding;
    });

    it('never fall, whichever process is asked', async () => {
      const [one, other] = [newProcess(), newProcess()];
      for (let count = 0; count < 3; count++) await enqueue(one);

      expect((await one.figures('q', T0)).counters.enqueued).toBe(3);
      expect((await other.figures('q', T0)).counters.enqueued).toBe(3);
    });

    it('stay for later while the store takes nothing, and keep nobody from enqueuing', async () => {
      const store = newProcess();
      proxy.fate = ({ operation, body }) =>
        operation === 'UpdateItem' && JSON.stringify(body).includes('COUNTS') ? refusal('ThrottlingException') : 'pass';
      expect(await enqueue(store)).toBe('added');
      await store.flush();
      proxy.reset();
      await store.flush();

      expect((await newProcess().figures('q', T0)).counters.enqueued).toBe(1);
    });
  });
});
