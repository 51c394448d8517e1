import type { ServerResponse } from 'node:http';
import { afterAll, describe, expect, it } from '@jest/globals';
import { PARALLEL_REQUESTS } from '../../src/adapters/dynamodb/parallel-requests.ts';
import { streamsClient } from '../../src/adapters/dynamodb/streams/client.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { concurrently } from '../../src/domain/shared/concurrently.ts';
import type { Task } from '../../src/domain/tasks/task.ts';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { taskProcess } from '../helpers/counted-tasks.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { httpService } from '../helpers/http-service.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { readStream } from '../helpers/stream-records.ts';

const KILLS = 6;
const IN_FLIGHT = 100;
/** Tasks that are finished, and as many that come in, between two kills. */
const CHANGING = 10;
const LEASE_MS = 3_000;
const SWEEP_MS = 1_000;
/** For requests of a hundred tasks on a busy machine. */
const REQUESTS_MS = 4_000;

interface Figures {
  readonly counters: Readonly<Record<string, number>>;
}

/** A call that the service behind the queue has not answered yet. */
interface Held {
  readonly attempt: number;
  readonly response: ServerResponse;
}

const attemptIn = (calls: ReadonlyMap<string, Held>, taskId: string): number => calls.get(taskId)?.attempt ?? 0;

const report = (line: string): void => void process.stderr.write(`${line}\n`);

await withServer('killed workers', startDynamoDbLocal, ({ endpoint }) => {
  describe('workers on DynamoDB that are killed', () => {
    const held = new Map<string, Held>();
    let callsAfterAnswer = 0;
    const answered = new Set<string>();
    const cleanUps: (() => Promise<unknown>)[] = [];
    afterAll(async () => {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    });

    it('lose nothing, finish nothing twice, and leave their tasks to others within lease and sweep', async () => {
      const downstream = await httpService(({ body }, response) => {
        const { taskId, attempt } = JSON.parse(body);
        if (answered.has(taskId)) callsAfterAnswer++;
        held.set(taskId, { attempt, response });
      });
      const settings: Record<string, string> = {
        ...dynamoDbSettings(endpoint),
        API_KEYS: `test=${KEY}`,
        SWEEP_SECONDS: '1',
      };
      const client = await clientOf(endpoint);
      const streams = streamsClient(endpoint);
      await makeTables(settings);
      const tables = { tasks: `${settings.TABLE_PREFIX}tasks`, queues: `${settings.TABLE_PREFIX}queues` };
      const { store } = taskProcess(client, tables, { clock: systemClock });
      cleanUps.push(
        downstream.close,
        async () => client.destroy(),
        async () => streams.destroy(),
      );

      const api = await ServerProcess.start({ ...settings, ROLE: 'api' });
      const startWorker = () => ServerProcess.start({ ...settings, ROLE: 'worker' });
      const send = (method: string, path: string, body: object): Promise<Response> =>
        fetch(api.url + path, {
          method,
          headers: { ...authorization, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      const ids: string[] = [];
      const enqueue = async (count: number): Promise<void> => {
        const answers = Array.from({ length: count }, () => send('POST', '/queues/q/tasks', { payload: ids.length }));
        for (const answer of await Promise.all(answers)) ids.push(((await answer.json()) as { taskId: string }).taskId);
      };
      const open = (): string[] => ids.filter((taskId) => !answered.has(taskId));
      const readAll = (): Promise<Task[]> =>
        concurrently(PARALLEL_REQUESTS, ids, async (taskId) => (await store.get(taskId)) as Task);
      const finish = async (taskIds: readonly string[]): Promise<void> => {
        for (const taskId of taskIds) {
          const { attempt, response } = held.get(taskId) as Held;
          answered.add(taskId);
          held.delete(taskId);
          response.end(JSON.stringify({ attempt }));
        }
        await eventually(
          async () => (await readAll()).filter(({ taskId, status }) => answered.has(taskId) && status !== 'SUCCESS'),
          ({ length }) => length === 0,
          60_000,
        );
      };

      const untilAllAreHeld = () =>
        eventually(
          () => held.size,
          (size) => size === IN_FLIGHT,
          30_000,
        );

      const runner = { url: downstream.url, timeoutMs: 900_000, concurrency: IN_FLIGHT };
      await send('PUT', '/queues/q', { leaseSeconds: LEASE_MS / 1_000, maxAttempts: 100, runner });
      let working = await startWorker();
      await enqueue(IN_FLIGHT);
      await untilAllAreHeld();

      let slowest = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const before = await readAll();
        const lost = new Map(held);
        const standby = await startWorker();
        working.kill('SIGKILL');
        const killedAt = performance.now();
        await working.exit;
        working = standby;
        await eventually(
          () => open().filter((taskId) => attemptIn(held, taskId) <= attemptIn(lost, taskId)),
          ({ length }) => length === 0,
          60_000,
        );
        slowest = Math.max(slowest, performance.now() - killedAt);

        const lateFinishes = before
          .filter(({ status }) => status === 'TAKEN')
          .map(({ taskId, fence }) => send('POST', `/tasks/${taskId}/complete`, { fence, result: 'late' }));
        const statuses = (await Promise.all(lateFinishes)).map(({ status }) => status);
        expect(statuses).toEqual(Array(IN_FLIGHT).fill(409));

        await finish(open().slice(0, CHANGING));
        await enqueue(CHANGING);
        await untilAllAreHeld();
      }
      report(`the slowest of ${KILLS} takeovers of ${IN_FLIGHT} tasks took ${Math.round(slowest)} ms`);
      expect(slowest).toBeLessThan(LEASE_MS + SWEEP_MS + REQUESTS_MS);

      await finish(open());
      expect(callsAfterAnswer).toBe(0);
      const tasks = await readAll();
      expect(tasks).toHaveLength(IN_FLIGHT + KILLS * CHANGING);
      for (const task of tasks) expect(JSON.parse(task.result ?? '')).toEqual({ attempt: task.attempt });
      expect(Math.max(...tasks.map(({ attempt }) => attempt))).toBeGreaterThan(1);
      const records = await readStream(client, streams, tables.tasks);
      const finished = records.filter(({ dynamodb }) => dynamodb?.NewImage?.status?.S === 'SUCCESS');
      expect(finished.map(({ dynamodb }) => dynamodb?.NewImage?.taskId?.S).sort()).toEqual([...ids].sort());

      // Kills, and requests that came too late, have not changed what is counted.
      const figures = await eventually(
        async () => (await (await fetch(`${api.url}/queues/q`, { headers: authorization })).json()) as Figures,
        ({ counters }) => counters.succeeded === ids.length,
        10_000,
      );
      const none = { failed: 0, shed: 0, cancelled: 0, redriven: 0, refused: 0 };
      expect(figures).toMatchObject({ pending: 0, taken: 0, deadLetters: 0 });
      expect(figures.counters).toEqual({ enqueued: ids.length, succeeded: ids.length, ...none });
      await Promise.all([working, api].map((server) => server.stop()));
    }, 300_000);
  });
});
