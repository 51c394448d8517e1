import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorization, type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';

const services: EmbeddedApp[] = [];
const serviceWith = async (env: Record<string, string>) => {
  const service = await embeddedApp(env);
  services.push(service);
  return service;
};
afterAll(() => Promise.all(services.map((service) => service.close())));

let plain: EmbeddedApp;
beforeAll(async () => {
  plain = await serviceWith({});
});

describe('Cache-Control', () => {
  it.each<[string, string, number, Record<string, string>]>([
    ['GET', '/polls', 200, {}],
    ['HEAD', '/polls/colors', 200, {}],
    ['GET', '/stock/AMZN', 200, {}],
    ['GET', '/rates', 200, {}],
    ['GET', '/healthz', 200, {}],
    ['GET', '/openapi.json', 200, {}],
    ['GET', '/docs', 200, {}],
    ['GET', '/polls/colors/results', 200, authorization],
  ])('of %s %s says that it must be asked for again', async (method, url, status, headers) => {
    const answer = await plain.app.inject({ method: method as 'GET', url, headers });
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([status, 'no-cache']);
  });

  it('of results that everybody sees lets caches share them for a second, and has browsers ask again', async () => {
    const { statusCode, headers } = await plain.app.inject('/polls/colors/results');
    expect([statusCode, headers['cache-control'], headers.vary]).toEqual([
      200,
      'public, max-age=0, s-maxage=1',
      expect.stringMatching(/Authorization.*x-api-key/),
    ]);
  });

  it.each<[string, string, number, Record<string, string>]>([
    ['GET', '/queues', 200, authorization],
    ['GET', '/queues', 401, {}],
    ['HEAD', '/queues', 200, authorization],
    ['GET', '/tasks/x', 404, { 'x-api-key': KEY }],
    ['GET', '/polls/nope', 404, {}],
    ['GET', '/nope', 404, {}],
    ['DELETE', '/polls', 405, {}],
    ['POST', '/polls/colors/recount', 200, authorization],
    ['GET', '/polls?limit=0', 400, {}],
    ['GET', '/polls/%zz', 400, {}],
  ])('of %s %s forbids to keep it: %s', async (method, url, status, headers) => {
    const answer = await plain.app.inject({ method: method as 'GET', url, headers });
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([status, 'no-store']);
  });
});

describe('the headers of security', () => {
  it('speak for this host alone, and forbid frames in one voice', async () => {
    const { headers } = await plain.app.inject('/');

    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['permissions-policy']).toContain('camera=()');
  });
});

describe('behind a path of the public address', () => {
  let service: EmbeddedApp;
  beforeAll(async () => {
    service = await serviceWith({ PUBLIC_BASE_URL: 'https://a.example.org/portside/,https://b.example.org/other' });
  });
  const send = (method: 'GET' | 'PUT' | 'POST', url: string, payload?: object) =>
    service.app.inject({ method, url, headers: authorization, ...(payload ? { payload } : {}) });

  it.each<['PUT' | 'POST', string, object, RegExp]>([
    ['PUT', '/stock/NEW', { value: '1' }, /^\/portside\/stock\/NEW$/],
    ['PUT', '/portside/stock/NEWER', { value: '1' }, /^\/portside\/stock\/NEWER$/],
    ['POST', '/polls', { question: 'Q?', choices: ['A', 'B'] }, /^\/portside\/polls\/\w{26}$/],
    ['POST', '/queues/q/tasks', { payload: 1 }, /^\/portside\/tasks\/\w{26}$/],
  ])('the Location of %s %s stays inside it and leads there', async (method, url, body, location) => {
    const answer = await send(method, url, body);
    expect([answer.statusCode, answer.headers.location]).toEqual([201, expect.stringMatching(location)]);
    expect((await send('GET', String(answer.headers.location))).statusCode).toBe(200);
  });

  it('so does the type of a problem, in a batch too', async () => {
    await send('PUT', '/queues/full', { maxPending: 1 });
    const tasks = [{ payload: 1 }, { payload: 'x'.repeat(40_000) }];
    const { results } = (await send('POST', '/queues/full/tasks/batch', { tasks })).json();
    const problems = [
      (await send('GET', '/nope')).json(),
      (await send('GET', '/polls/%zz')).json(),
      (await send('GET', '/polls/nope')).json(),
      results[1].problem,
    ];
    for (const { type, code } of problems) expect(type).toBe(`/portside/errors/${code}`);
    for (const { type } of problems) expect((await send('GET', type)).statusCode).toBe(200);
  });

  it('so do the document and the page on the API', async () => {
    expect((await send('GET', '/openapi.json')).json().servers).toEqual([
      { url: '/portside', description: expect.any(String) },
    ]);
    expect((await send('GET', '/docs/')).headers.location).toBe('/portside/docs');
    const { body } = await send('GET', '/portside/docs');
    const asked = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
    expect(asked.length).toBeGreaterThan(3);
    for (const path of asked) {
      const { pathname } = new URL(path, 'https://a.example.org/portside/docs');
      expect(pathname).toMatch(/^\/portside\//);
      expect((await send('GET', pathname)).statusCode).toBe(200);
    }
  });
});

describe('pages of other origins', () => {
  const ours = 'https://app.example.org';
  const other = 'https://evil.example.org';
  let listed: EmbeddedApp;
  let open: EmbeddedApp;
  beforeAll(async () => {
    listed = await serviceWith({ CORS_ORIGINS: `${ours}, http://localhost:5173` });
    open = await serviceWith({ CORS_ORIGINS: `*,${ours}` });
  });
  const ask = ({ app }: EmbeddedApp, method: string, url: string, origin: string, headers = {}) =>
    app.inject({ method: method as 'GET', url, headers: { origin, ...headers } });
  const preflight = (service: EmbeddedApp, method: string, url: string, origin: string) =>
    ask(service, 'OPTIONS', url, origin, { 'access-control-request-method': method });

  it('are told nothing unless somebody is listed', async () => {
    const answers = [await ask(plain, 'GET', '/polls', ours), await preflight(plain, 'GET', '/polls', ours)];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 405]);
    for (const { headers } of answers)
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each<['listed' | 'open', string, string, string, string | undefined]>([
    ['listed', 'GET', '/polls', ours, ours],
    ['listed', 'GET', '/queues', ours, ours],
    ['listed', 'POST', '/polls/colors/votes', ours, ours],
    ['listed', 'GET', '/polls/nope', ours, ours],
    ['listed', 'GET', '/polls', other, undefined],
    ['listed', 'GET', '/polls', `${ours}.evil.org`, undefined],
    ['listed', 'GET', '/polls', 'null', undefined],
    ['open', 'GET', '/polls', other, '*'],
    ['open', 'HEAD', '/stock/AMZN', other, '*'],
    ['open', 'GET', '/polls/colors/results', other, '*'],
    ['open', 'GET', '/polls', ours, ours],
    ['open', 'GET', '/queues', other, undefined],
    ['open', 'GET', '/queues', ours, ours],
    ['open', 'POST', '/polls/colors/votes', other, undefined],
    ['open', 'POST', '/polls/colors/votes', ours, ours],
  ])('are let in where they are %s: %s %s from %s', async (which, method, url, origin, allowed) => {
    const service = which === 'open' ? open : listed;
    const { headers, statusCode } = await ask(service, method, url, origin);
    expect(headers['access-control-allow-origin']).toBe(allowed);
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect(headers.vary).toMatch(/\bOrigin\b/);
    if (allowed)
      for (const name of ['ETag', 'Location', 'Retry-After', 'x-request-id', 'Idempotent-Replayed', 'WWW-Authenticate'])
        expect(headers['access-control-expose-headers']).toContain(name);

    const asked = await preflight(service, method, url, origin);
    expect(asked.headers['access-control-allow-origin']).toBe(allowed);
    expect(asked.statusCode).toBe(allowed ? 204 : 405);
    if (allowed) expect(asked.headers['access-control-allow-methods']).toContain(method);
    expect(/authorization/i.test(String(asked.headers['access-control-allow-headers']))).toBe(
      allowed !== undefined && allowed !== '*',
    );
    expect(statusCode).not.toBe(500);
  });

  it.each([
    ['OPTIONS without a question', '/polls', {}, 405],
    ['a method that the path does not take', '/polls', { 'access-control-request-method': 'PUT' }, 405],
    ['a path that is not there', '/nope', { 'access-control-request-method': 'GET' }, 404],
  ])('are refused as everywhere: %s', async (_, url, headers, status) => {
    expect((await ask(open, 'OPTIONS', url, ours, headers)).statusCode).toBe(status);
  });
});

describe('compression', () => {
  const get = (url: string, encoding: string, headers = {}) =>
    plain.app.inject({ url, headers: { 'accept-encoding': encoding, ...headers } });

  it.each([
    ['gzip', 'gzip', gunzipSync],
    ['gzip, br', 'br', brotliDecompressSync],
    ['br;q=0, gzip;q=0.5', 'gzip', gunzipSync],
  ])('is had by who asks for %s', async (asked, used, decompress) => {
    for (const url of ['/openapi.json', '/docs/static/swagger-ui.css', '/metrics', '/']) {
      const whole = await get(url, 'identity');
      const { headers, rawPayload } = await get(url, asked);
      expect([url, headers['content-encoding']]).toEqual([url, used]);
      expect(headers.vary).toMatch(/accept-encoding/i);
      expect(whole.headers['content-encoding']).toBeUndefined();
      expect(rawPayload.length).toBeLessThan(whole.rawPayload.length / 1.5);
      if (url !== '/metrics') expect(decompress(rawPayload).toString()).toBe(whole.body);
    }
  });

  it('is not worth the work for what is small', async () => {
    expect((await get('/healthz', 'gzip')).headers['content-encoding']).toBeUndefined();
    expect((await get('/nope', 'gzip')).headers['content-encoding']).toBeUndefined();
  });

  it('of a request is refused, with what is taken', async () => {
    const vote = (headers: object) =>
      plain.app.inject({
        method: 'POST',
        url: '/polls/colors/votes',
        headers: { 'content-type': 'application/json', ...headers },
        payload: '{"choice":"RED"}',
      });
    for (const encoding of ['gzip', 'br', 'identity, gzip', 'x']) {
      const answer = await vote({ 'content-encoding': encoding });
      expect([answer.statusCode, answer.headers['accept-encoding']]).toEqual([415, 'identity']);
    }
    expect((await vote({ 'content-encoding': 'identity' })).statusCode).toBe(201);
    expect((await vote({ 'content-type': 'text/plain' })).headers['accept-encoding']).toBeUndefined();
  });
});

describe('a key', () => {
  it('that is missing is asked for, and one that is not known is called so', async () => {
    const detail = async (headers: Record<string, string>) =>
      (await plain.app.inject({ url: '/queues', headers })).json().detail;
    const missing = await detail({});

    expect(missing).toMatch(/x-api-key/);
    expect(await detail({ authorization: 'Basic YTpi' })).toBe(missing);
    for (const headers of [{ 'x-api-key': 'wrong' }, { authorization: `Bearer ${KEY}x` }] as Record<string, string>[])
      expect(await detail(headers)).toMatch(/not known/);
  });

  it('of the metrics opens them alone, and no other does', async () => {
    const service = await serviceWith({ METRICS_KEY: 'key-of-the-metrics' });
    const get = (url: string, headers = {}) => service.app.inject({ url, headers });
    const bearer = { authorization: 'Bearer key-of-the-metrics' };

    const answer = await get('/metrics', bearer);
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    expect((await get('/queues', bearer)).statusCode).toBe(401);
    for (const headers of [{}, authorization, { authorization: 'Bearer key-of-the-metric' }]) {
      const refused = await get('/metrics', headers);
      expect([refused.statusCode, refused.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
    expect((await get('/healthz')).statusCode).toBe(200);
  });
});

describe('security.txt', () => {
  it.each([
    ['mailto:security@example.org', 'mailto:security@example.org'],
    ['security@example.org', 'mailto:security@example.org'],
    ['https://example.org/security', 'https://example.org/security'],
  ])('names %s', async (contact, uri) => {
    const { app, clock } = await serviceWith({ SECURITY_CONTACT: contact });
    const { statusCode, headers, body } = await app.inject('/.well-known/security.txt');

    expect([statusCode, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(body).toMatch(new RegExp(`^Contact: ${uri}$`, 'm'));
    expect(Date.parse(/^Expires: (.*)$/m.exec(body)?.[1] ?? '')).toBeGreaterThan(clock.now() + 86_400_000);
    expect((await app.inject({ method: 'HEAD', url: '/.well-known/security.txt' })).statusCode).toBe(200);
  });
});
