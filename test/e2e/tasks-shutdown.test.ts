import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
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
    let slow: ServerResponse | undefined;
    downstream = await httpService(({ body }, response) => {
      response.on('close', () => {
        if (!response.writableFinished) cutOff++;
      });
      if (JSON.parse(body).queue === 'slow') slow = response;
    });
    const server = await ServerProcess.start({ API_KEYS: `test=${KEY}`, LOG_LEVEL: 'debug' });
    const send = (method: string, path: string, body: object) =>
      fetch(server.url + path, {
        method,
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await send('PUT', '/queues/busy', { runner: { url: downstream.url, timeoutMs: 900_000, concurrency: 2 } });
    for (let count = 0; count < 3; count++) await send('POST', '/queues/busy/tasks', { payload: count });
    await send('PUT', '/queues/slow', { runner: { url: downstream.url } });
    await send('POST', '/queues/slow/tasks', { payload: 1 });
    await eventually(
      () => downstream.calls.length,
      (calls) => calls === 3,
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
    setTimeout(() => slow?.end(), 5_000);

    expect(await (await claiming).json()).toEqual({ tasks: [] });
    expect(performance.now() - begin).toBeLessThan(3_000);
    expect(await server.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - begin).toBeLessThan(10_000);
    expect(downstream.calls).toHaveLength(3);
    await eventually(
      () => cutOff,
      (count) => count === 2,
    );
    const ends = server.logs.filter(({ msg }) => msg === 'runner called').map(({ queue, outcome }) => [queue, outcome]);
    expect(ends.sort()).toEqual([
      ['busy', 'cancelled'],
      ['busy', 'cancelled'],
      ['slow', 'success'],
    ]);
    expect(server.logs.filter(({ level, msg }) => level === 40 && msg.includes('cut short'))).toHaveLength(2);
  });
});
