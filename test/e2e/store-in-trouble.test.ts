import { describe, expect, it } from '@jest/globals';
import { makeTables } from '../../src/entrypoints/cli/operate.ts';
import { dynamoDbSettings } from '../helpers/dynamodb-app.ts';
import { authorization, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { httpService } from '../helpers/http-service.ts';
import { ServerProcess } from '../helpers/server-process.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { dynamoDbEnv } from '../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy } from '../helpers/servers/faulty-proxy.ts';
import { withServer } from '../helpers/servers/with-server.ts';

const STOP_MS = 10_000;

await withServer('a store in trouble', startDynamoDbLocal, ({ endpoint }) => {
  async function start(env: Record<string, string> = {}) {
    const proxy = await FaultyProxy.start(endpoint);
    const settings = { ...dynamoDbSettings(proxy.endpoint), API_KEYS: `test=${KEY}`, ...env };
    Object.assign(process.env, dynamoDbEnv(endpoint));
    await makeTables(settings);
    const server = await ServerProcess.start(settings);
    const send = (method: string, path: string, body?: object) =>
      fetch(server.url + path, {
        method,
        headers: { ...authorization, ...(body ? { 'content-type': 'application/json' } : {}) },
        body: body && JSON.stringify(body),
      });
    return { proxy, server, send };
  }

  async function expectGoodEnd(server: ServerProcess): Promise<void> {
    const stop = performance.now();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - stop).toBeLessThan(STOP_MS);
  }

  describe('a service whose store falls silent', () => {
    it('answers every request within 15 s, and ends with 0 within 10 s of SIGTERM', async () => {
      const { proxy, server, send } = await start();
      expect((await send('GET', '/readyz')).status).toBe(200);

      proxy.fate = () => 'silence';
      const begin = performance.now();
      const answers = await Promise.all(
        ['/polls', '/polls/colors/results', '/readyz'].map((path) => send('GET', path)),
      );
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
      expect(performance.now() - begin).toBeLessThan(15_000);

      await expectGoodEnd(server);
      await proxy.stop();
    }, 60_000);
  });

  describe('a service whose store is slow', () => {
    it('ends with 0 within 10 s of SIGTERM, in the middle of a sweep and of calls', async () => {
      const downstream = await httpService(() => undefined);
      const { proxy, server, send } = await start({ SWEEP_SECONDS: '1' });
      const runner = { url: downstream.url, timeoutMs: 900_000 };
      await Promise.all(
        Array.from({ length: 30 }, (_, number) => send('PUT', `/queues/q${number}`, number === 0 ? { runner } : {})),
      );
      for (let task = 0; task < 4; task++)
        expect((await send('POST', '/queues/q0/tasks', { payload: task })).status).toBe(201);
      await eventually(
        () => downstream.calls.length,
        (calls) => calls === 4,
      );
      proxy.reset();
      proxy.fate = () => ({ delayMs: 1_300 });
      // What a sweep asks of a queue.
      await eventually(
        () => proxy.requests.filter(({ operation }) => operation === 'Query').length,
        (queries) => queries > 0,
      );

      await expectGoodEnd(server);
      await Promise.all([proxy.stop(), downstream.close()]);
    }, 60_000);
  });
});
