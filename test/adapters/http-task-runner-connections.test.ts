import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AllowedHosts, parseHostRule } from '../../src/adapters/http/allowed-hosts.ts';
import { AddressRefused, HttpPoster } from '../../src/adapters/http/post.ts';
import { HttpTaskRunner } from '../../src/adapters/http/task-runner.ts';
import type { RunOutcome } from '../../src/ports/tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fakes.ts';

const call = { taskId: 'task-1', queue: 'mail', attempt: 1, deliveries: 1, payload: '{}' };
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n42';
const success = { kind: 'success', result: '42' };
const never = new AbortController().signal;

/** What a service does with a whole request: the number of its connection, and of the request on it, from 1. */
type Reaction = (socket: Socket, connection: number, request: number) => void;

describe('the connections of the HTTP runner', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** A service that sees bytes and connections. */
  async function rawService(react: Reaction, { allowHalfOpen = false } = {}) {
    const seen = { connections: 0, requests: 0 };
    const server = net.createServer({ allowHalfOpen }, (socket) => {
      const connection = ++seen.connections;
      let request = 0;
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
        const [head = '', body] = text.split('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
        if (body === undefined || body.length < length) return;
        text = '';
        seen.requests++;
        react(socket, connection, ++request);
      });
      socket.on('error', () => undefined);
      closing.push(() => socket.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    return { seen, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  }

  const runner = (): ((url: string, timeoutMs?: number) => Promise<RunOutcome>) => {
    const http = new HttpTaskRunner(new FakeClock(), AllowedHosts.every);
    return (url, timeoutMs = 10_000) => http.run(call, { url, timeoutMs, concurrency: 1 }, never);
  };

  it('are kept between calls', async () => {
    const { url, seen } = await rawService((socket) => socket.write(OK));
    const run = runner();
    for (let count = 0; count < 5; count++) expect(await run(url)).toEqual(success);
    expect(seen).toEqual({ connections: 1, requests: 5 });
  });

  describe('that are used again and closed before a byte of the answer', () => {
    const ways: [string, (socket: Socket) => void][] = [
      ['reset', (socket) => socket.resetAndDestroy()],
      ['closed', (socket) => socket.destroy()],
      ['half closed', (socket) => socket.end()],
    ];
    it.each(ways)('are replaced at once: %s', async (_, close) => {
      const { url, seen } = await rawService(
        (socket, connection, request) => (connection === 1 && request === 2 ? close(socket) : socket.write(OK)),
        { allowHalfOpen: true },
      );
      const run = runner();
      for (let count = 0; count < 3; count++) expect(await run(url)).toEqual(success);
      expect(seen.requests).toBe(4);
    });

    it('are replaced by a new one, however many others are kept', async () => {
      const { url, seen } = await rawService((socket, connection, request) => {
        if (connection > 4 || request === 1) void delay(5).then(() => socket.write(OK));
        else socket.resetAndDestroy();
      });
      const run = runner();
      await Promise.all([run(url), run(url), run(url), run(url)]);
      expect(seen).toEqual({ connections: 4, requests: 4 });

      expect(await run(url)).toEqual(success);
      expect(seen).toEqual({ connections: 5, requests: 6 });
    });

    it('are replaced once: a new connection that is reset may have reached the service', async () => {
      const { url, seen } = await rawService((socket, connection, request) =>
        connection === 1 && request === 1 ? socket.write(OK) : socket.resetAndDestroy(),
      );
      const run = runner();
      await run(url);
      expect(await run(url)).toEqual({ kind: 'retry', error: expect.stringContaining('ECONNRESET') });
      expect(seen).toEqual({ connections: 2, requests: 3 });
    });

    it('leave a service that cannot be reached', async () => {
      const { url, seen, server } = await rawService((socket, _, request) => {
        if (request === 1) socket.write(OK);
        else server.close(() => undefined);
        if (request === 2) socket.resetAndDestroy();
      });
      const run = runner();
      await run(url);
      expect(await run(url)).toEqual({ kind: 'unreachable', error: expect.stringContaining('ECONNREFUSED') });
      expect(seen).toEqual({ connections: 1, requests: 2 });
    });
  });

  it.each([
    ['within the head', 'HTTP/1.1 200 OK\r\ncontent-le', 'reset'],
    ['within the body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"a"', 'reset'],
    ['within the head, closed', 'HTTP/1.1 200 OK\r\ncontent-le', 'closed'],
    ['within the body, closed', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"a"', 'closed'],
  ])('that are used again and cut off %s are not: the service has begun', async (_, part, way) => {
    const { url, seen } = await rawService((socket, _connection, request) => {
      if (request === 1) socket.write(OK);
      else
        socket.write(part, () => void delay(5).then(() => (way === 'reset' ? socket.resetAndDestroy() : socket.end())));
    });
    const run = runner();
    await run(url);
    expect(await run(url)).toEqual({ kind: 'retry', error: expect.stringContaining('connection') });
    expect(seen).toEqual({ connections: 1, requests: 2 });
  });

  it('that are used again and stay silent are not: the service may have begun', async () => {
    const { url, seen } = await rawService((socket, _, request) => void (request === 1 && socket.write(OK)));
    const run = runner();
    await run(url);
    expect(await run(url, 100)).toEqual({ kind: 'retry', error: 'No full answer within 100 ms.' });
    expect(seen.requests).toBe(2);
  });

  it.each([
    ['resets them', (socket: Socket) => socket.resetAndDestroy()],
    ['closes them', (socket: Socket) => socket.end()],
    ['answers what is not HTTP', (socket: Socket) => socket.end('hello\r\n\r\n')],
    [
      'switches protocols',
      (socket: Socket) => socket.write('HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ],
  ])('that are new are an attempt if the service %s', async (_, react) => {
    const { url, seen } = await rawService(react);
    expect(await runner()(url)).toEqual({ kind: 'retry', error: expect.stringContaining('connection') });
    expect(seen).toEqual({ connections: 1, requests: 1 });
  });

  it.each([
    ['after each answer', 0, (socket: Socket) => socket.end()],
    ['that were idle for 10 ms', 10, (socket: Socket) => socket.end()],
    ['that were idle for 10 ms, with a reset', 10, (socket: Socket) => socket.resetAndDestroy()],
  ])('lose no call to a service that closes those %s unannounced', async (_, idleMs, close) => {
    const { url } = await rawService((socket) => {
      socket.write(OK);
      if (idleMs === 0) return close(socket);
      const timer = setTimeout(close, idleMs, socket);
      socket.once('data', () => clearTimeout(timer));
    });
    const run = runner();
    for (let count = 0; count < 40; count++) {
      expect(await run(url)).toEqual(success);
      if (idleMs > 0) await delay(idleMs - 2 + (count % 5));
    }
  });

  describe('that cannot be made leave the service unreached', () => {
    const unreachable = (error: string) => ({ kind: 'unreachable', error: expect.stringContaining(error) });

    it('when nobody listens, at an address or a name', async () => {
      const { server, url } = await rawService(() => undefined);
      server.close();
      await once(server, 'close');
      expect(await runner()(url)).toEqual(unreachable('ECONNREFUSED'));
      expect(await runner()(url.replace('127.0.0.1', 'localhost'))).toEqual(unreachable('ECONNREFUSED'));
    });

    it('when the name is not known', async () => {
      expect(await runner()('http://nowhere.invalid/')).toEqual(unreachable('The connection to the service failed'));
    });

    it('when the connection takes too long', async () => {
      // A network that exists nowhere: it is silent, or not to be reached at all.
      expect(await runner()('http://192.0.2.1/', 100)).toEqual(unreachable('connection'));
    });

    it('when TLS fails, or takes too long', async () => {
      const plain = await rawService(() => undefined);
      plain.server.on('connection', (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 No\r\n\r\n')));
      expect(await runner()(plain.url.replace('http:', 'https:'))).toEqual(unreachable('connection'));
      const reset = await rawService(() => undefined);
      reset.server.on('connection', (socket) => socket.once('data', () => socket.resetAndDestroy()));
      expect(await runner()(reset.url.replace('http:', 'https:'))).toEqual(unreachable('ECONNRESET'));
      const silent = await rawService(() => undefined);
      expect(await runner()(silent.url.replace('http:', 'https:'), 100)).toEqual(
        unreachable('No connection within 100 ms.'),
      );
    });
  });

  describe('that RUNNER_HOSTS does not allow', () => {
    it.each([
      ['http://127.0.0.1', '10.0.0.0/8'],
      ['http://[::ffff:127.0.0.1]', '10.0.0.0/8'],
      ['http://localhost', '10.0.0.0/8'],
      ['http://2130706433', 'example.org'],
    ])('are not made, and the task fails: %s', async (host, setting) => {
      const { url, seen } = await rawService((socket) => socket.write(OK));
      const http = new HttpTaskRunner(new FakeClock(), AllowedHosts.of([parseHostRule(setting)]));
      const outcome = await http.run(
        call,
        { url: url.replace('http://127.0.0.1', host), timeoutMs: 5_000, concurrency: 1 },
        never,
      );
      expect(outcome).toEqual({ kind: 'failure', error: expect.stringContaining('RUNNER_HOSTS') });
      expect(seen.connections).toBe(0);
    });

    it('are refused by the address that a name has when it is connected to', async () => {
      const { url, seen } = await rawService((socket) => socket.write(OK));
      const named = new URL(url.replace('127.0.0.1', 'localhost'));
      const asked: string[] = [];
      const post = (allowed: (address: string) => boolean) =>
        new HttpPoster().post(named, {
          headers: { 'content-length': 2 },
          body: '{}',
          signal: never,
          allows: (address) => {
            asked.push(address);
            return allowed(address);
          },
        });

      await expect(post(() => false)).rejects.toMatchObject({ reached: false, cause: expect.any(AddressRefused) });
      expect(seen.connections).toBe(0);
      expect(asked).toContain('127.0.0.1');
      (await post((address) => address === '127.0.0.1')).resume();
      expect(seen.connections).toBe(1);
    });
  });

  it('are closed when a call is cancelled, without another one', async () => {
    const { url, seen } = await rawService((socket, _, request) => {
      if (request === 1) socket.write(OK);
      else cancel.abort();
    });
    const cancel = new AbortController();
    const http = new HttpTaskRunner(new FakeClock(), AllowedHosts.every);
    const settings = { url, timeoutMs: 10_000, concurrency: 1 };
    await http.run(call, settings, never);
    expect(await http.run(call, settings, cancel.signal)).toEqual({ kind: 'cancelled' });
    await eventually(
      () => seen.requests,
      (requests) => requests === 2,
    );
    expect(seen.connections).toBe(1);
  });
});
