import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../helpers/eventually.ts';
import { ServerProcess } from '../helpers/server-process.ts';

const CLEAN = { code: 0, signal: null };

/** Ends the service with a signal. @returns its exit and how long that took, ms */
async function end(server: ServerProcess, signal: NodeJS.Signals = 'SIGTERM') {
  const begin = performance.now();
  server.kill(signal);
  const exit = await server.exit;
  return { exit, ms: performance.now() - begin };
}

/** Sends one vote. @returns the status and the whole body. @throws Error when no full answer comes */
async function vote(url: string, agent: Agent): Promise<{ status: number; body: string }> {
  const call = request(`${url}/polls/colors/votes`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json' },
  }).end('{"choice":"red"}');
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}

describe('SIGTERM', () => {
  it('goes on accepting requests for as long as a load balancer may still send some', async () => {
    const server = await ServerProcess.start({ DRAIN_SECONDS: '3' });
    const begin = performance.now();
    server.kill('SIGTERM');
    await eventually(() => server.logs.some(({ msg }) => msg.startsWith('SIGTERM')), Boolean, 5_000);
    // Each over a connection of its own.
    const status = async () => (await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })).status;
    expect(await status()).toBe(200);
    await eventually(
      async () => {
        await status();
        return performance.now() - begin;
      },
      (ms) => ms > 2_000,
      5_000,
    );

    expect(await server.exit).toEqual(CLEAN);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('answers every request that came in over 50 busy connections, and ends with 0', async () => {
    const server = await ServerProcess.start();
    const { url } = server;
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    let answers = 0;
    const failures: string[] = [];
    const client = async (): Promise<void> => {
      for (;;) {
        try {
          const { status, body } = await vote(url, agent);
          expect({ status, choice: JSON.parse(body).choice }).toEqual({ status: 201, choice: 'RED' });
          answers++;
        } catch (error) {
          failures.push((error as NodeJS.ErrnoException).code ?? String(error));
          return;
        }
      }
    };
    const clients = Promise.all(Array.from({ length: 50 }, client));
    await eventually(
      () => answers,
      (count) => count > 1_000,
      20_000,
    );

    const before = answers;
    const { exit, ms } = await end(server);
    await clients;

    expect(exit).toEqual(CLEAN);
    expect(ms).toBeLessThan(10_000);
    // Each client had a request under way, got its answer, and was then told that nobody listens any more.
    expect(answers - before).toBeGreaterThanOrEqual(50);
    expect(failures).toEqual(Array(50).fill('ECONNREFUSED'));
  });

  it('ends the streams of viewers in an orderly way', async () => {
    const server = await ServerProcess.start();
    const stream = await fetch(`${server.url}/polls/colors/results/events`);

    const [{ exit, ms }, events] = await Promise.all([end(server), stream.text()]);

    expect(exit).toEqual(CLEAN);
    expect(ms).toBeLessThan(5_000);
    expect(events).toContain('event: results');
  });

  it('does not wait for a connection that is kept open and silent', async () => {
    const server = await ServerProcess.start();
    const agent = new Agent({ keepAlive: true });
    expect((await vote(server.url, agent)).status).toBe(201);

    const { exit, ms } = await end(server);

    expect(exit).toEqual(CLEAN);
    expect(ms).toBeLessThan(5_000);
  });

  it('ends within 10 s with a client that never finishes its request', async () => {
    const server = await ServerProcess.start();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write('POST /polls/colors/votes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n');
    socket.write('Content-Length: 16\r\nExpect: 100-continue\r\n\r\n');
    // The service asks for the body, so it has seen the head; one byte of the body is all that ever comes.
    await once(socket, 'data');
    socket.write('{');

    const { exit, ms } = await end(server);

    expect(exit).toEqual(CLEAN);
    expect(ms).toBeLessThan(10_000);
  });
});

describe('SIGINT', () => {
  it('is the same as SIGTERM, and a second one cuts nothing short', async () => {
    const server = await ServerProcess.start();
    const stream = await fetch(`${server.url}/polls/colors/results/events`);

    server.kill('SIGINT');
    await eventually(
      () => server.logs,
      (logs) => logs.some(({ msg }) => msg.startsWith('SIGINT')),
    );
    const [{ exit }] = await Promise.all([end(server, 'SIGINT'), stream.text()]);

    expect(exit).toEqual(CLEAN);
  });
});

describe('npm start', () => {
  it('hands SIGTERM on to the service and ends with its 0', async () => {
    // npm signals the shell that it runs the script in, and a shell keeps that to itself: hence the script's `exec`.
    const server = await ServerProcess.start({}, { command: ['npm', 'start', '--ignore-scripts'] });

    const { exit } = await end(server);
    const isLeftBehind = await fetch(`${server.url}/healthz`).then(
      () => true,
      () => false,
    );
    if (isLeftBehind) process.kill(Number(server.logs[0]?.pid));

    expect(isLeftBehind).toBe(false);
    expect(exit).toEqual(CLEAN);
  });
});

describe.each([
  ['an exception that nobody catches', 'throw new Error("boom")'],
  ['a rejection that nobody handles', 'Promise.reject(new Error("boom"))'],
])('%s', (_, statement) => {
  it('is logged as fatal and ends the process with 1, after what is under way', async () => {
    const server = await ServerProcess.start({}, { preload: `process.on('SIGWINCH', () => { ${statement} })` });
    const stream = await fetch(`${server.url}/polls/colors/results/events`);

    const [{ exit }] = await Promise.all([end(server, 'SIGWINCH'), stream.text()]);

    expect(exit).toEqual({ code: 1, signal: null });
    expect(server.noise).toBe('');
    expect(server.logs.filter(({ level }) => level === 60)).toEqual([
      expect.objectContaining({ err: expect.objectContaining({ message: 'boom', stack: expect.any(String) }) }),
    ]);
  });
});
