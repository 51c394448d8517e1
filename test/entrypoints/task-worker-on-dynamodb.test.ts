import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ports } from '../../src/entrypoints/composition/tasks/tokens.ts';
import { dynamoDbApp } from '../helpers/dynamodb-app.ts';
import { authorization, type EmbeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { type HttpService, httpService } from '../helpers/http-service.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { FaultyProxy, refusal } from '../helpers/servers/faulty-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';

/** The clock of the test stands in the past; with a short retention the store would delete what it finishes. */
const settings = { TASK_RETENTION_DAYS: '3650', SWEEP_SECONDS: '1' };

await withServer('The worker on DynamoDB', startDynamoDbLocal, async ({ endpoint }) => {
  const proxy = await FaultyProxy.start(endpoint);
  let service: EmbeddedApp;
  let downstream: HttpService;
  beforeAll(async () => {
    downstream = await httpService((_, response) => response.end('"done"'));
    service = await dynamoDbApp(proxy.endpoint, settings, {
      prepare: (container) => {
        container.rebind(ports.notifier).toConstantValue({ notify: async () => undefined });
      },
    });
    const firsts = ['deaf', 'busy'].map(async (queue) => {
      await configure(queue);
      await untilDone(await enqueue(queue), 15_000);
    });
    await Promise.all(firsts);
  });
  afterAll(async () => {
    proxy.reset();
    await service.close();
    await downstream.close();
    await proxy.stop();
  });

  const request = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) =>
    (await service.app.inject({ method, url, payload, headers: authorization })).json();
  const configure = (queue: string) =>
    request('PUT', `/queues/${queue}`, { runner: { url: downstream.url, concurrency: 2 } });
  const enqueue = async (queue: string): Promise<string> =>
    (await request('POST', `/queues/${queue}/tasks`, { payload: null })).taskId;
  const untilDone = (taskId: string, withinMs: number) =>
    eventually(
      () => request('GET', `/tasks/${taskId}`),
      ({ status }) => status === 'SUCCESS',
      withinMs,
    );

  describe('the worker on DynamoDB', () => {
    it('finds tasks whose wake-ups are lost by itself, at the latest with the sweep', async () => {
      const taskId = await enqueue('deaf');
      const enqueuedAt = performance.now();
      await untilDone(taskId, 5_000);
      expect(performance.now() - enqueuedAt).toBeLessThan(3_000);
    });

    it('asks nothing about queues in which nothing happens, until something does', async () => {
      const queues = Array.from({ length: 40 }, (_, index) => `idle${index}`);
      for (const queue of queues) await configure(queue);
      const asked = () => proxy.requests.filter(({ body }) => JSON.stringify(body).includes('idle')).length;
      const sweeps = () => proxy.requests.filter(({ body }) => JSON.stringify(body).includes('"ACTIVE"')).length;
      // Worker and sweep list the active queues once a second each.
      await eventually(
        async () => {
          proxy.requests.length = 0;
          await eventually(sweeps, (count) => count > 6, 20_000);
          return asked();
        },
        (count) => count === 0,
        20_000,
      );

      await untilDone(await enqueue('idle7'), 5_000);
    });

    it('asks a store that is throttled more and more rarely, and does everything once it answers', async () => {
      proxy.fate = ({ operation, body }) =>
        operation === 'Query' && JSON.stringify(body).includes('busy#') ? refusal('ThrottlingException') : 'pass';
      const ids = [];
      for (let count = 0; count < 10; count++) ids.push(await enqueue('busy'));
      const calls = downstream.calls.length;
      const throttledAt = performance.now();
      proxy.requests.length = 0;
      await eventually(
        () => proxy.requests.filter(({ body }) => JSON.stringify(body).includes('busy#')).length,
        (count) => count >= 60,
        30_000,
      );
      expect(performance.now() - throttledAt).toBeGreaterThan(2_000);

      proxy.reset();
      for (const taskId of ids) await untilDone(taskId, 30_000);
      expect(downstream.calls.length - calls).toBe(10);
    }, 60_000);
  });
});
