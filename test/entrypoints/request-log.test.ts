import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DomainError } from '../../src/domain/shared/domain-error.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { ports } from '../../src/entrypoints/composition/votes/module.ts';
import { generalProblems, type Problem } from '../../src/entrypoints/http/problems.ts';
import { authorization, type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { eventually } from '../helpers/eventually.ts';
import { exchangeBytes, overSocket, parseAnswer } from '../helpers/raw-http.ts';
import { SseClient } from '../helpers/sse-client.ts';

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly requestId?: string;
  readonly err?: { readonly message: string };
  readonly [field: string]: unknown;
}

const WARNING_LEVEL = 40;
const ERROR_LEVEL = 50;

let service: EmbeddedApp;
let port: number;
let lines: LogLine[];

beforeAll(async () => {
  lines = [];
  service = await embeddedApp({}, { log: { write: (line) => void lines.push(JSON.parse(line)) } });
  port = Number(new URL(await service.app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterAll(() => service.close());
beforeEach(() => {
  lines.splice(0);
});
afterEach(() => void jest.restoreAllMocks());

const answered = () =>
  eventually(
    () => lines.find(({ msg }) => msg === 'request completed'),
    (line) => line !== undefined,
  );

describe('a request id', () => {
  it.each(['a', 'A-1_b.c', '0', '...', 'x'.repeat(128), '01M7XVT41PBMMBMXJ3WJ1BA8M7', '__proto__'])(
    'is taken over: %s',
    async (id) => {
      const answer = await overSocket(port)({ url: '/healthz', headers: { 'x-request-id': id } });

      expect(answer.headers['x-request-id']).toBe(id);
      expect((await answered())?.requestId).toBe(id);
    },
  );

  it.each([
    '',
    ' ',
    'a b',
    'a,b',
    'a/b',
    'a:b',
    '"a"',
    'é',
    '\u00a0',
    'a\tb',
    '{"a":1}',
    '<script>',
    '%0d%0aset-cookie: a=b',
    '\\r\\nset-cookie: a=b',
    'x'.repeat(129),
  ])('is made instead of %j', async (id) => {
    const answer = await overSocket(port)({ url: '/healthz', headers: { 'x-request-id': id } });

    expect(answer.status).toBe(200);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9A-Z]{26}$/);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect((await answered())?.requestId).toBe(answer.headers['x-request-id']);
  });

  it('is made where two are given', async () => {
    const bytes = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-request-id: a\r\nx-request-id: b\r\n\r\n';

    expect(parseAnswer(await exchangeBytes(port, bytes)).headers['x-request-id']).toMatch(/^[0-9A-Z]{26}$/);
  });

  it('is another for each request', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => service.app.inject('/healthz')));

    expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(100);
  });
});

describe('the log', () => {
  it.each([
    ['a vote', 'POST', '/polls/colors/votes', '{"choice":"RED"}', 201],
    ['a recount', 'POST', '/polls/colors/recount', '', 200],
    ['content that is refused', 'POST', '/polls/colors/votes', '{', 400],
    ['a path that is not there', 'GET', '/nope', '', 404],
    ['a file that is not there', 'GET', '/docs/static/nope', '', 404],
    ['a path that is malformed', 'GET', '/%zz', '', 400],
    ['a method that is refused', 'PUT', '/polls', '', 405],
  ])('has the request id in every line of %s', async (_, method, url, body, status) => {
    const headers = { ...authorization, 'x-request-id': 'id-1', 'content-type': 'application/json' };

    const answer = await overSocket(port)({ method, url, body: body || undefined, headers });

    expect([answer.status, answer.headers['x-request-id']]).toEqual([status, 'id-1']);
    expect(await answered()).toMatchObject({ method, path: url, status, ms: expect.any(Number) });
    expect(lines.filter(({ requestId }) => requestId !== 'id-1')).toEqual([]);
    expect(lines.filter(({ msg }) => msg === 'request completed')).toHaveLength(1);
  });

  it('has a line with an id for bytes that are no request', async () => {
    const answer = parseAnswer(await exchangeBytes(port, 'garbage\r\n\r\n'));

    expect(lines).toEqual([
      expect.objectContaining({ requestId: answer.headers['x-request-id'], status: 400, reason: 'HPE_INVALID_METHOD' }),
    ]);
  });

  it('has the request id of a stream of events when it ends', async () => {
    const client = await SseClient.connect(`http://127.0.0.1:${port}/polls/colors/results/events`, {
      'x-request-id': 'stream-1',
    });
    await eventually(
      () => client.events.length,
      (events) => events > 0,
    );
    client.close();
    await eventually(
      () => lines.length,
      (count) => count > 0,
    );

    expect(lines.map(({ requestId }) => requestId)).toEqual(lines.map(() => 'stream-1'));
  });

  it('has neither keys nor voters nor queries', async () => {
    const voter = '+15005550007';
    const send = overSocket(port);
    await send({ method: 'POST', url: '/polls/colors/votes', body: { choice: 'RED', voter }, headers: authorization });
    await send({ method: 'POST', url: '/polls/colors/recount', headers: { 'x-api-key': KEY } });
    await send({ url: `/polls?${KEY}=${voter}` });
    await send({ url: `/%zz?${KEY}` });
    await send({ method: 'POST', url: '/webhooks/twilio/sms', body: new URLSearchParams({ From: voter, Body: 'x' }) });
    await eventually(
      () => lines.filter(({ msg }) => msg === 'request completed').length,
      (count) => count === 5,
    );

    expect(JSON.stringify(lines)).not.toMatch(new RegExp(`${KEY}|5005550007`));
  });

  it('names the caller and the address in every line about a request with a key', async () => {
    jest.spyOn(service.container.get(ports.polls), 'get').mockRejectedValue(new Error('secret'));
    await overSocket(port)({ method: 'POST', url: '/polls/colors/recount', headers: authorization });
    await answered();

    expect(lines.map(({ msg, subject, address }) => [msg, subject, address])).toEqual([
      ['request failed', 'key:test', '127.0.0.1'],
      ['request completed', 'key:test', '127.0.0.1'],
    ]);
  });

  it('names the address of whoever needs a key and has none, and nobody else’s', async () => {
    const send = overSocket(port);
    await send({ url: '/queues' });
    await send({ url: '/polls' });
    await send({ url: '/polls/colors/results' });
    await send({ method: 'POST', url: '/polls/colors/votes', body: { choice: 'RED' } });
    const [refused, ...others] = await eventually(
      () => lines.filter(({ msg }) => msg === 'request completed'),
      ({ length }) => length === 4,
    );

    expect(refused).toMatchObject({ status: 401, address: '127.0.0.1' });
    expect(refused).not.toHaveProperty('subject');
    for (const other of others) expect(other).not.toHaveProperty('address');
  });

  it('names the address that the proxies in front tell', async () => {
    const behindProxies = await embeddedApp(
      { TRUST_PROXY: '2' },
      { log: { write: (line) => void lines.push(JSON.parse(line)) } },
    );
    const headers = { ...authorization, 'x-forwarded-for': '198.51.100.9, 203.0.113.7, 10.0.0.2' };
    await behindProxies.app.inject({ url: '/queues', headers });
    await behindProxies.close();

    expect(await answered()).toMatchObject({ subject: 'key:test', address: '203.0.113.7' });
  });
});

describe('a key that is not known', () => {
  const warnings = () => lines.filter(({ msg }) => msg === 'refused a key that is not known');
  const guess = (headers: Record<string, string>, url = '/queues') => service.app.inject({ url, headers });
  /** Those of a second that came before leave no room for more. */
  const warned = (headers: Record<string, string>, url?: string) =>
    eventually(async () => {
      await guess(headers, url);
      return warnings()[0];
    }, Boolean);

  it.each<[string, Record<string, string>]>([
    ['a bearer', { authorization: 'Bearer key-that-is-guessed' }],
    ['a header of its own', { 'x-api-key': 'key-that-is-guessed' }],
    ['a part of one that is known', { 'x-api-key': KEY.slice(0, -1) }],
  ])('is a warning with the address and the route, without the key: %s', async (_, headers) => {
    expect(await warned(headers)).toMatchObject({
      level: WARNING_LEVEL,
      address: '127.0.0.1',
      route: '/queues',
      requestId: expect.stringMatching(/./),
    });
    expect(JSON.stringify(lines)).not.toMatch(/key-that-is-guessed|test-key/);
  });

  it('is one too where a key only shows more', async () => {
    expect(await warned({ 'x-api-key': 'guessed' }, '/polls/colors/results')).toMatchObject({
      route: '/polls/:pollId/results',
    });
  });

  it('is none where no key was sent, or the right one', async () => {
    await guess({});
    await guess({ authorization: 'Basic YTpi' });
    await guess(authorization);

    expect(warnings()).toEqual([]);
  });

  it('is a warning a few times a second, however many are guessed, and again later', async () => {
    const begin = performance.now();
    for (let n = 0; n < 500; n++) await guess({ 'x-api-key': `guess-${n}` });
    const seconds = Math.floor((performance.now() - begin) / 1_000);

    // A second may have begun before the first guess.
    expect(warnings().length).toBeLessThanOrEqual(5 * (seconds + 2));
    expect(warnings().length).toBeGreaterThan(0);
    const before = warnings().length;
    await eventually(
      async () => {
        await guess({ 'x-api-key': 'guess' });
        return warnings().length;
      },
      (count) => count > before,
    );
  });
});

describe('a failure inside the service', () => {
  const failures: readonly (readonly [string, unknown])[] = [
    ['an error', new Error('secret: ECONNREFUSED 10.1.2.3')],
    ['an error that looks like a refusal of Fastify', Object.assign(new Error('secret'), { statusCode: 502 })],
    ['a code that no table has', new DomainError('SECRET_CODE', 'secret message')],
    ['a code that is a member of Object.prototype', new DomainError('constructor', 'secret message')],
    ['a text', 'secret'],
    ['nothing', undefined],
  ];

  it.each(failures)('is a 500 that tells nothing, and one line in the log: %s', async (_, failure) => {
    jest.spyOn(service.container.get(ports.polls), 'get').mockRejectedValue(failure as Error);

    const answer = await overSocket(port)({ url: '/polls/colors', headers: { 'x-request-id': 'failing-1' } });

    expect(answer.status).toBe(500);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json', 'x-request-id': 'failing-1' });
    expect(JSON.parse(answer.body)).toEqual({
      type: '/errors/INTERNAL',
      title: 'Something went wrong inside the service',
      status: 500,
      detail: 'Send the same request again. If it fails again, look for its `x-request-id` in the log.',
      code: 'INTERNAL',
    });
    await answered();
    expect(lines.filter(({ level }) => level >= ERROR_LEVEL)).toEqual([
      expect.objectContaining({ requestId: 'failing-1', msg: 'request failed', code: 'INTERNAL' }),
    ]);
  });

  const expected = Object.entries<Problem>(Object.assign({}, generalProblems, ...contexts.map((each) => each.problems)))
    .filter(([, { status, isExpected }]) => status >= 500 && isExpected)
    .map(([code, { status }]) => [code, status] as const);

  it.each(expected)('is not what anybody may bring about: %s', async (code, status) => {
    const refusal = new DomainError(code, 'What this is.');
    jest.spyOn(service.container.get(ports.polls), 'get').mockRejectedValue(refusal);

    const answer = await overSocket(port)({ url: '/polls/colors' });
    expect([answer.status, JSON.parse(answer.body).detail]).toEqual([status, 'What this is.']);
    await answered();
    expect(lines.filter(({ level, err }) => level >= WARNING_LEVEL || err)).toEqual([]);
  });

  it.each([
    '/stock/AMZN?currencies=HTG',
    '/rates?base=HTG',
    '/rates?currencies=HTG',
    '/convert?amount=1&from=EUR&to=HTG',
  ])('is no currency without a rate, for which everybody may ask: %s', async (url) => {
    expect((await overSocket(port)({ url })).status).toBe(502);
    await answered();
    expect(lines.map(({ msg }) => msg)).toEqual(['request completed']);
  });

  it('keeps its cause for the log', async () => {
    const cause = new Error('secret cause');
    jest.spyOn(service.container.get(ports.polls), 'get').mockRejectedValue(new Error('secret', { cause }));

    await overSocket(port)({ url: '/polls/colors' });
    await answered();

    expect(lines.find(({ level }) => level >= ERROR_LEVEL)?.err?.message).toMatch(/secret.*secret cause/);
  });

  it('does not end the process when it happens in the middle of a stream', async () => {
    const client = await SseClient.connect(`http://127.0.0.1:${port}/polls/colors/results/events`);
    await eventually(
      () => client.events.length,
      (events) => events > 0,
    );
    const failing = jest.spyOn(service.container.get(ports.polls), 'get').mockRejectedValue(new Error('secret'));
    await eventually(
      () => failing.mock.calls.length,
      (calls) => calls > 1,
    );
    failing.mockRestore();

    expect((await service.app.inject('/polls/colors')).statusCode).toBe(200);
    expect(client.text).not.toContain('secret');
    client.close();
  });
});

describe('a client that is too slow', () => {
  it('is told so with 408', async () => {
    const silent = connect(port, '127.0.0.1');
    const [accepted] = await new Promise<[ReturnType<typeof connect>]>((resolve) =>
      service.app.server.once('connection', (socket) => resolve([socket])),
    );
    const received = new Promise<string>((resolve) => {
      let text = '';
      silent.on('data', (chunk) => {
        text += chunk;
      });
      silent.on('close', () => resolve(text));
    });

    // What Node raises for it, after 30 seconds at the earliest.
    const timeOut = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    service.app.server.emit('clientError', timeOut, accepted);

    const answer = parseAnswer(await received);
    expect(answer.status).toBe(408);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json', connection: 'close' });
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'REQUEST_TIMEOUT',
      status: 408,
      type: '/errors/REQUEST_TIMEOUT',
    });
  });

  it('is waited for as long as the contract of the 408 says', () => {
    expect(service.app.server.requestTimeout).toBe(30_000);
  });
});
