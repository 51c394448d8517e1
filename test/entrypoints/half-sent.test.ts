import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { boundHalfSent } from '../../src/entrypoints/http/half-sent.ts';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { parseAnswer } from '../helpers/raw-http.ts';

let service: EmbeddedApp;
let port: number;
beforeAll(async () => {
  service = await embeddedApp();
  await service.app.listen({ port: 0, host: '127.0.0.1' });
  port = (service.app.server.address() as AddressInfo).port;
});
afterAll(() => service.close());

/** A connection on which something was sent. */
class Client {
  received = '';
  isEnded = false;
  private constructor(readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (text) => {
      this.received += text;
    });
    socket.on('end', () => {
      this.isEnded = true;
    });
    socket.on('error', () => undefined);
  }

  static that = (...sends: readonly string[]): Promise<Client> => Client.to(port, ...sends);

  static async to(port: number, ...sends: readonly string[]): Promise<Client> {
    const client = new Client(connect(port, '127.0.0.1'));
    await once(client.socket, 'connect');
    for (const text of sends) client.socket.write(text);
    return client;
  }

  get status(): number {
    return parseAnswer(this.received).status;
  }

  untilEnd = () => eventually(() => this.isEnded || this.socket.destroyed, Boolean);
}

const lines = (...head: readonly string[]) => head.map((line) => `${line}\r\n`).join('');
const head = (length: number, ...more: readonly string[]) =>
  lines(
    'POST /polls/colors/votes HTTP/1.1',
    'Host: x',
    'Content-Type: application/json',
    ...more,
    `Content-Length: ${length}`,
    '',
  );
const vote = '{"choice":"RED"}';

describe('a request that does not come to its end', () => {
  it('has 10 seconds for its head and 30 for all of it', () => {
    const { headersTimeout, requestTimeout } = service.app.server;
    expect([headersTimeout, requestTimeout]).toEqual([10_000, 30_000]);
  });

  describe('after its time', () => {
    const lasting = (headersTimeout: number, requestTimeout: number) =>
      void Object.assign(service.app.server, { headersTimeout, requestTimeout });
    beforeAll(() => lasting(300, 900));
    afterAll(() => lasting(10_000, 30_000));

    it.each([
      ['nothing after a beginning', 'GET /polls HTTP/1.1\r\n'],
      ['half a head', lines('GET /polls HTTP/1.1', 'Host: x', 'X-A: 1')],
      ['half a body', `${head(100)}{"choice":`],
      [
        'half a chunk',
        `${lines('POST /polls/colors/votes HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Transfer-Encoding: chunked', '')}ff\r\n{"c`,
      ],
    ])('is answered with 408 and cut: %s', async (_, bytes) => {
      const client = await Client.that(bytes);
      await client.untilEnd();
      expect(client.status).toBe(408);
      expect(client.received).toContain('REQUEST_TIMEOUT');
      expect(client.received.toLowerCase()).toContain('cache-control: no-store');
    });

    it('does not live longer for coming drop by drop', async () => {
      const client = await Client.that(head(1_000_000).replace('1000000', '60000'));
      const drip = setInterval(() => client.socket.write(' '), 20);
      await client.untilEnd();
      clearInterval(drip);
      expect(client.status).toBe(408);
    });
  });
});

describe('a refusal before the body is there', () => {
  it.each([
    ['a path that is not there', head(50_000).replace('/polls/colors/votes', '/nope'), 404],
    ['a method', head(50_000).replace('POST', 'PUT'), 405],
    ['no key', head(50_000).replace('/polls/colors/votes', '/polls'), 401],
    ['a content type', head(50_000).replace('application/json', 'text/plain'), 415],
    ['a size', head(5_000_000), 413],
  ])('closes the connection: %s', async (_, bytes, status) => {
    const client = await Client.that(bytes, '{');
    await client.untilEnd();
    expect(client.status).toBe(status);
    expect(parseAnswer(client.received).headers.connection).toBe('close');
  });

  it('leaves the connection open when the body was there', async () => {
    const client = await Client.that(head(vote.length).replace('/polls/colors/votes', '/nope') + vote);
    await eventually(
      () => client.status,
      (status) => status === 404,
    );
    client.received = '';
    client.socket.write(head(vote.length) + vote);
    await eventually(
      () => client.status,
      (status) => status === 201,
    );
    client.socket.destroy();
  });

  it('arrives at a client that goes on sending', async () => {
    const url = `http://127.0.0.1:${port}/polls`;
    const statuses = [];
    for (let i = 0; i < 30; i++)
      statuses.push(
        await fetch(url, {
          method: 'POST',
          body: 'x'.repeat(900_000),
          headers: { 'content-type': 'application/json' },
        }).then(
          ({ status }) => status,
          (error) => String(error.cause ?? error),
        ),
      );
    expect(new Set(statuses)).toEqual(new Set([401]));
  });
});

describe('half-sent requests', () => {
  const many = (count: number, bytes: string, to = port) =>
    Promise.all(Array.from({ length: count }, () => Client.to(to, bytes)));
  const cut = (clients: readonly Client[]) => clients.filter(({ status }) => status === 408).length;
  const counted = async (client: Client) => {
    client.socket.write(head(vote.length) + vote);
    await eventually(
      () => client.status,
      (status) => status === 201,
    );
  };

  it('hold at most 64 MiB together, while others are answered', async () => {
    const idle = await Client.that();
    const clients: Client[] = [];
    while (clients.length < 1_300) clients.push(...(await many(50, head(64_000) + ' '.repeat(60_000))));

    await eventually(
      () => cut(clients),
      (count) => count >= 180,
    );

    expect(cut(clients)).toBeLessThan(260);
    expect(cut(clients.slice(0, 100))).toBe(100);
    expect(cut(clients.slice(-800))).toBe(0);
    await counted(idle);
    await counted(await Client.that());
    for (const { socket } of [...clients, idle]) socket.destroy();
  }, 60_000);

  it.each([
    ['heads', `POST / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(10_000)}`],
    ['bodies', `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n${'a'.repeat(10_000)}`],
  ])('are given up in the order in which they began: %s', async (_, bytes) => {
    const app = Fastify({
      clientErrorHandler: (_, socket) => void socket.end('HTTP/1.1 408 Request Timeout\r\n\r\n'),
    });
    app.addContentTypeParser('*', { parseAs: 'buffer' }, async () => undefined);
    app.post('/', async () => 'whole');
    boundHalfSent(app, 100_000);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const own = (app.server.address() as AddressInfo).port;

    const [idle] = await many(1, '', own);
    const first = await many(5, bytes, own);
    const rest = await many(7, bytes, own);
    await eventually(
      () => cut(first),
      (count) => count >= 3,
    );
    const last = await many(8, bytes, own);
    await eventually(
      () => cut([...first, ...rest]),
      (count) => count >= 11,
    );

    expect(cut(last)).toBe(0);
    expect([idle?.status, idle?.socket.destroyed]).toEqual([0, false]);
    for (const { socket } of [...first, ...rest, ...last, ...(idle ? [idle] : [])]) socket.destroy();
    await app.close();
  });
});
