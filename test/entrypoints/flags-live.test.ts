import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { authorization, type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { FlagSocketClient, refusedUpgrade } from '../helpers/flag-socket-client.ts';
import { SseClient } from '../helpers/sse-client.ts';

/** Of refused upgrades; the benchmark makes 10,000. */
const REFUSALS = 100;
/** Of a page that may not do anything but evaluate. */
const PAGE_KEY = 'page-key-0123456789';
const page = { authorization: `Bearer ${PAGE_KEY}` };
const boolean = {
  type: 'boolean',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  state: 'ENABLED',
} as const;

describe('clients of flags that listen', () => {
  let service: EmbeddedApp;
  let origin: string;
  const lines: string[] = [];
  const connections: { close(): void }[] = [];

  beforeAll(async () => {
    service = await embeddedApp(
      { API_KEYS: `test=${KEY},page=${PAGE_KEY}`, CORS_ORIGINS: 'https://shop.example' },
      { log: { write: (line: string) => void lines.push(line) } },
    );
    origin = await service.app.listen({ host: '127.0.0.1', port: 0 });
    await send('PUT', '/policies/key:page', { allow: ['POST /flag-sets/*/tickets', 'GET /flag-sets/web/**'] });
  });
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
  });
  afterAll(() => service.close());

  const send = async (method: 'POST' | 'PUT' | 'DELETE', url: string, payload?: object, headers = authorization) =>
    service.app.inject({ method, url, headers, ...(payload && { payload }) });
  const put = async (set: string, key: string, fields: object = {}): Promise<number> => {
    const answer = await send('PUT', `/flag-sets/${set}/flags/${key}`, { ...boolean, ...fields });
    expect(answer.statusCode).toBeLessThan(300);
    return answer.json().revision;
  };
  const newSet = async (setId: string): Promise<void> => {
    await send('POST', '/flag-sets', { setId });
  };
  const socketOf = (set: string): string => `${origin}/flag-sets/${set}/socket`;
  const follow = async (
    set: string,
    context: Record<string, unknown> = {},
    options: Parameters<typeof FlagSocketClient.connect>[2] = {},
  ): Promise<FlagSocketClient> => {
    const connection = await FlagSocketClient.connect(socketOf(set), context, { headers: authorization, ...options });
    connections.push(connection);
    return connection;
  };
  const events = async (
    set: string,
    headers: Record<string, string> = authorization,
    query = '',
  ): Promise<SseClient> => {
    const client = await SseClient.connect(`${origin}/flag-sets/${set}/events${query}`, headers);
    connections.push(client);
    return client;
  };
  const ticketFor = async (set: string, use: 'socket' | 'events', headers = authorization): Promise<string> => {
    const answer = await send('POST', `/flag-sets/${set}/tickets`, { for: use }, headers);
    expect(answer.statusCode).toBe(201);
    return answer.json().ticket;
  };

  describe('over a socket', () => {
    beforeAll(async () => {
      await newSet('web');
      await put('web', 'banner');
      await put('web', 'checkout', {
        rules: [{ if: [{ attribute: 'plan', op: 'in', values: ['gold'] }], serve: 'on' }],
      });
    });

    it('are told all values for their context, and then what changes, without the rules', async () => {
      const { socket, client, texts, messages, ...rest } = await follow('web', { plan: 'gold' });
      expect(socket.protocol).toBe('portside.flags.1');
      const one = { ...rest, client };
      await eventually(() => client.revision !== undefined, Boolean);
      expect(client.values.get('checkout')).toEqual({
        key: 'checkout',
        value: true,
        variant: 'on',
        reason: 'TARGETING_MATCH',
      });
      const before = client.revision as number;
      const revision = await put('web', 'banner', { defaultVariant: 'on' });
      await eventually(
        () => client.revision,
        (held) => held === revision,
      );
      const all = texts.map((text) => JSON.parse(text));
      expect(all[0]).toMatchObject({ type: 'state', contextId: 0, revision: before, aliveSeconds: 10 });
      expect(all.at(-1)).toEqual({
        type: 'change',
        contextId: 0,
        from: before,
        to: revision,
        asOf: expect.stringMatching(/Z$/),
        flags: [{ key: 'banner', value: true, variant: 'on', reason: 'STATIC' }],
        removed: [],
      });
      expect(texts.join('')).not.toContain('plan');
      expect(one.client.values.size).toBe(2);
    });

    it('are told of flags that are gone', async () => {
      const connection = await follow('web');
      await put('web', 'short-lived');
      const answer = await send('DELETE', '/flag-sets/web/flags/short-lived');
      await connection.reaches(answer.json().revision);
      expect([...connection.client.values.keys()]).toEqual(['banner', 'checkout']);
    });

    it('may change their context, and hear nothing of the one before', async () => {
      const connection = await follow('web', { plan: 'free' });
      await eventually(() => connection.client.revision !== undefined, Boolean);
      expect(connection.client.values.get('checkout')?.value).toBe(false);
      connection.say(connection.client.change({ plan: 'gold' }));
      await eventually(() => connection.client.values.get('checkout')?.value === true, Boolean);
      expect(connection.messages.at(-1)).toMatchObject({ type: 'state', contextId: 1 });
    });

    it('are not told again what they hold when they come back', async () => {
      const first = await follow('web');
      await eventually(() => first.client.revision !== undefined, Boolean);
      first.close();
      const second = await follow('web', {}, { client: first.client });
      await eventually(
        () => second.messages.length,
        (count) => count > 0,
      );
      expect(second.messages).toMatchObject([{ type: 'alive', revision: first.client.revision }]);
      const revision = await put('web', 'banner');
      await second.reaches(revision);
      expect(second.messages.at(-1)).toMatchObject({ type: 'change' });
    });

    it('hear of what time changes within 300 ms', async () => {
      const instant = new Date(service.clock.now() + 60_000).toISOString();
      const revision = await put('web', 'later', {
        rules: [{ if: [{ attribute: 'now', op: 'after', values: [instant] }], serve: 'on' }],
      });
      const connection = await follow('web');
      await connection.reaches(revision);
      service.clock.advance(60_000);
      await connection.reaches(revision + 1, 300);
      expect(connection.client.values.get('later')?.value).toBe(true);
      await send('DELETE', '/flag-sets/web/flags/later');
    });

    it('are let go where the set is deleted', async () => {
      await newSet('gone');
      const connection = await follow('gone');
      await send('DELETE', '/flag-sets/gone');
      expect(await eventually(() => connection.closed, Boolean)).toEqual({ code: 4404, reason: 'FLAGS_SET_NOT_FOUND' });
    });

    it.each([
      ['what is no message', '{"type":"hallo"}', 4400, 'INVALID_REQUEST'],
      ['something else than a hello', '{"type":"resync"}', 4400, 'INVALID_REQUEST'],
      ['too long a message', JSON.stringify({ type: 'hello', context: { name: 'x'.repeat(70_000) } }), 1009, ''],
    ])('are sent away for %s', async (_, text, code, reason) => {
      const connection = await follow('web', {}, { greets: false });
      connection.socket.send(text);
      expect(await eventually(() => connection.closed, Boolean)).toEqual({ code, reason });
    });

    it('are sent away where they say too much', async () => {
      const connection = await follow('web');
      for (let each = 0; each < 30; each++) connection.say({ type: 'resync' });
      expect(await eventually(() => connection.closed, Boolean)).toEqual({ code: 4429, reason: 'TOO_MANY_REQUESTS' });
    });

    it('hear five times a second at most', async () => {
      const connection = await follow('web');
      await eventually(() => connection.client.revision !== undefined, Boolean);
      const before = connection.texts.length;
      const begin = performance.now();
      let revision = 0;
      for (let each = 0; each < 40; each++) revision = await put('web', 'banner', { description: `${each}` });
      await connection.reaches(revision);
      const seconds = (performance.now() - begin) / 1_000;
      expect(connection.texts.length - before).toBeLessThanOrEqual(Math.ceil(seconds * 5) + 1);
    });

    it('lose the connection when its caller loses the right', async () => {
      const connection = await follow('web', {}, { headers: page });
      await send('PUT', '/policies/key:page', { allow: ['POST /flag-sets/*/tickets'] });
      const closed = await eventually(() => connection.closed, Boolean, 8_000);
      expect(closed).toEqual({ code: 4403, reason: 'FORBIDDEN' });
      await send('PUT', '/policies/key:page', { allow: ['POST /flag-sets/*/tickets', 'GET /flag-sets/web/**'] });
    });
  });

  describe('without', () => {
    it.each([
      ['a key', 'web', {}, 401, 'UNAUTHORIZED'],
      ['a flag set', 'nothing', authorization, 404, 'FLAGS_SET_NOT_FOUND'],
      ['the right', 'else', page, 403, 'FORBIDDEN'],
      ['a page that may call', 'web', { ...authorization, origin: 'https://evil.example' }, 403, 'FORBIDDEN'],
      ['a known ticket', 'web?ticket=hJ0mX3Yb1cQv7nWk2pLs9A', {}, 401, 'UNAUTHORIZED'],
    ])('%s are refused before the upgrade of a socket', async (_, target, headers, status, code) => {
      const [set, query] = target.split('?') as [string, string?];
      const refused = await refusedUpgrade(`${socketOf(set)}${query ? `?${query}` : ''}`, headers);
      expect(refused).toMatchObject({
        status,
        headers: { 'content-type': expect.stringMatching(/problem\+json/), 'x-request-id': expect.any(String) },
        body: { code, status },
      });
    });

    it('version 13 of the protocol a socket is refused before the upgrade', async () => {
      const refused = await refusedUpgrade(socketOf('web'), authorization, 8);
      expect(refused).toMatchObject({ status: 426, headers: { 'sec-websocket-version': '13' } });
    });

    it('a key leave no descriptor behind, however often they try', async () => {
      const open = async () => (await readdir('/proc/self/fd')).length;
      await refusedUpgrade(socketOf('web'));
      const before = await open();
      // None of them leaves by itself.
      const requests: { destroy(): void }[] = [];
      for (let each = 0; each < REFUSALS; each++) {
        const [request, response] = await once(
          new WebSocket(socketOf('web').replace(/^http/, 'ws')),
          'unexpected-response',
        );
        requests.push(request);
        response.resume();
      }
      await eventually(open, (now) => now <= before + 2);
      for (const request of requests) request.destroy();
    });

    it('an upgrade are told that one is needed', async () => {
      const answer = await service.app.inject({ url: '/flag-sets/web/socket', headers: authorization });
      expect(answer.statusCode).toBe(426);
      expect(answer.headers).toMatchObject({ upgrade: 'websocket', 'sec-websocket-version': '13' });
    });

    it('a listed origin, pages of the service’s own may connect, as may those of listed ones', async () => {
      for (const from of [origin, 'https://shop.example'])
        await follow('web', {}, { headers: { ...authorization, origin: from } });
    });
  });

  it.each([
    ['h2c', 'POST', '/flag-sets', '{"setId":"java"}', 201],
    ['websocket', 'POST', '/flag-sets', '{"setId":"posted"}', 201],
    ['websocket', 'GET', '/flag-sets/web', '', 200],
  ])('offers of %s that a %s of %s makes are passed over', async (offer, method, path, body, status) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
    const head = [
      `${method} ${path} HTTP/1.1`,
      'host: localhost',
      `authorization: Bearer ${KEY}`,
      'connection: Upgrade, HTTP2-Settings',
      `upgrade: ${offer}`,
      'http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
      ...(body ? ['content-type: application/json', `content-length: ${body.length}`] : []),
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 4)}`);
    setTimeout(() => socket.write(body.slice(4)), 20);
    await eventually(
      () => text,
      (answer) => answer.startsWith(`HTTP/1.1 ${status}`),
    );
    // The connection goes on.
    socket.write('GET /flag-sets/web HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    await eventually(
      () => text,
      (answer) => answer.includes('HTTP/1.1 401'),
    );
    socket.destroy();
  });

  describe('over events', () => {
    beforeAll(async () => {
      await newSet('shop');
      await put('shop', 'banner');
    });
    const received = (client: SseClient, count: number) =>
      eventually(
        () => client.events.length,
        (now) => now >= count,
      );

    it('are told at once, and at each change, to evaluate again', async () => {
      const client = await events('shop');
      await received(client, 1);
      expect(client.response.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'private, no-store',
        'x-accel-buffering': 'no',
      });
      const revision = await put('shop', 'banner');
      await received(client, 2);
      expect(client.text).toBe(
        `retry: 1000\n\n${[revision - 1, revision]
          .map((each) => `id: ${each}\ndata: {"type":"refetchEvaluation","etag":"\\"${each}\\""}\n\n`)
          .join('')}`,
      );
    });

    it('are told nothing where they know the last revision already', async () => {
      const known = await put('shop', 'banner');
      const client = await events('shop', { ...authorization, 'last-event-id': String(known) });
      const revision = await put('shop', 'banner');
      await received(client, 1);
      expect(client.events).toMatchObject([{ id: String(revision), event: undefined }]);
    });

    it('may bring one ticket again and again, for an hour', async () => {
      const ticket = await ticketFor('shop', 'events');
      for (let each = 0; each < 2; each++) {
        const client = await events('shop', {}, `?ticket=${ticket}`);
        await received(client, 1);
      }
      service.clock.advance(3_600_000);
      const late = await events('shop', {}, `?ticket=${ticket}`);
      expect(late.response.statusCode).toBe(401);
    });

    it('are let go where the set is deleted', async () => {
      await newSet('gone-too');
      const client = await events('gone-too');
      await send('DELETE', '/flag-sets/gone-too');
      await eventually(() => client.ended, Boolean);
      expect((await events('gone-too')).response.statusCode).toBe(404);
    });
  });

  describe('with a ticket', () => {
    it('connect once', async () => {
      const ticket = await ticketFor('web', 'socket');
      const url = `${socketOf('web')}?ticket=${ticket}`;
      connections.push(await FlagSocketClient.connect(url, {}));
      expect(await refusedUpgrade(url)).toMatchObject({ status: 401 });
      expect(lines.join('')).not.toContain(ticket);
    });

    it('connect once, however many try at the same time', async () => {
      const url = `${socketOf('web')}?ticket=${await ticketFor('web', 'socket')}`;
      const sockets = Array.from({ length: 10 }, () => new WebSocket(url.replace(/^http/, 'ws')));
      const outcomes = await Promise.all(
        sockets.map(
          (socket) =>
            new Promise<string>((resolve) => {
              socket.on('open', () => resolve('open'));
              socket.on('error', () => resolve('refused'));
            }),
        ),
      );
      for (const socket of sockets) socket.terminate();
      expect(outcomes.filter((outcome) => outcome === 'open')).toHaveLength(1);
    });

    it('connect to the set that it is for, in the way that it is for, and in time', async () => {
      const forSocket = await ticketFor('web', 'socket');
      expect((await events('web', {}, `?ticket=${forSocket}`)).response.statusCode).toBe(401);
      const forWeb = await ticketFor('web', 'socket');
      expect(await refusedUpgrade(`${socketOf('shop')}?ticket=${forWeb}`)).toMatchObject({ status: 401 });
      const late = await ticketFor('web', 'socket');
      service.clock.advance(30_000);
      expect(await refusedUpgrade(`${socketOf('web')}?ticket=${late}`)).toMatchObject({ status: 401 });
    });

    it('may do what the one may who asked for it', async () => {
      const ticket = await ticketFor('shop', 'socket', page);
      expect(await refusedUpgrade(`${socketOf('shop')}?ticket=${ticket}`)).toMatchObject({ status: 403 });
      const own = await ticketFor('web', 'socket', page);
      connections.push(await FlagSocketClient.connect(`${socketOf('web')}?ticket=${own}`, {}));
    });

    it('get none for a set that is not there, or for something else', async () => {
      expect((await send('POST', '/flag-sets/nothing/tickets', { for: 'socket' })).statusCode).toBe(404);
      expect((await send('POST', '/flag-sets/web/tickets', { for: 'all' })).statusCode).toBe(400);
    });
  });
});

describe('a service that ends', () => {
  it('sends clients away to come back at different times, and is done in time', async () => {
    const service = await embeddedApp();
    const origin = await service.app.listen({ host: '127.0.0.1', port: 0 });
    await service.app.inject({ method: 'POST', url: '/flag-sets', headers: authorization, payload: { setId: 'web' } });
    const clients = await Promise.all(
      Array.from({ length: 5 }, () =>
        FlagSocketClient.connect(`${origin}/flag-sets/web/socket`, {}, { headers: authorization }),
      ),
    );
    const stuck = await FlagSocketClient.connect(`${origin}/flag-sets/web/socket`, {}, { headers: authorization });
    stuck.socket.pause();
    const begin = performance.now();
    await service.close();
    expect(performance.now() - begin).toBeLessThan(3_000);
    const reasons = await eventually(
      () => clients.map(({ closed }) => closed),
      (all) => all.every(Boolean),
    );
    const retries = reasons.map((closed) => JSON.parse(closed?.reason ?? '{}').retryMs);
    expect(new Set(reasons.map((closed) => closed?.code))).toEqual(new Set([1001]));
    expect(new Set(retries).size).toBeGreaterThan(1);
    for (const ms of retries) expect(ms).toBeLessThan(10_000);
  });
});
