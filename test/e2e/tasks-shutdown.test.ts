import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.ts';
import { type HttpService, httpService } from '../helpers/http-service.ts';
import { ServerProcess } from '../helpers/server-process.ts';

const KEY = 'test-key-0123456789';

describe('SIGTERM', () => {
  let downstream: HttpService;
  afterEach(() => downstream.close());

  it('ends within 10 s with calls that never end, claims that wait, and a client that never finishes', async () => {
    let cutOff = 0;
    downstream = await httpService((_, response) => response.on('close', () => cutOff++));
    const server = await ServerProcess.start({ API_KEYS: `test=${KEY}` });
    const send = (method: string, path: string, body: object) =>
      fetch(server.url + path, {
        method,
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await send('PUT', '/queues/busy', { runner: { url: downstream.url, timeoutMs: 900_000, concurrency: 2 } });
    for (let count = 0; count < 3; count++) await send('POST', '/queues/busy/tasks', { payload: count });
    await eventually(
      () => downstream.calls.length,
      (calls) => calls === 2,
    );
    const claiming = send('POST', '/queues/idle/claims', { waitSeconds: 20 });
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write('POST /polls/colors/votes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n');
    socket.write('Content-Length: 16\r\nExpect: 100-continue\r\n\r\n');
    await once(socket, 'data');

    const begin = performance.now();
    server.kill('SIGTERM');

    expect(await (await claiming).json()).toEqual({ tasks: [] });
    expect(performance.now() - begin).toBeLessThan(3_000);
    expect(await server.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(10_000);
    expect(downstream.calls).toHaveLength(2);
    await eventually(
      () => cutOff,
      (count) => count === 2,
    );
  });
});
