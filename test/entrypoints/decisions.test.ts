import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { METHODS } from '../../src/domain/shared/route-statement.ts';
import { authorization, type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { type TokenIssuer, tokenIssuer } from '../helpers/token-issuer.ts';

type Method = (typeof METHODS)[number];

interface Route {
  readonly method: Method;
  /** With `:name` for each parameter. */
  readonly pattern: string;
  readonly path: string;
}

const METRICS_KEY = 'key-of-metrics-0123';
const READER_KEY = 'key-of-the-reader-0123';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const routes: Route[] = [];
let service: EmbeddedApp;
let issuer: TokenIssuer;
beforeAll(async () => {
  issuer = await tokenIssuer({ now: () => new FakeClock().now() });
  service = await embeddedApp({
    API_KEYS: `test=${KEY},reader=${READER_KEY}`,
    METRICS_KEY,
    TOKEN_ISSUERS: `${issuer.url}=${issuer.audience}`,
  });
  routes.push(...(await allRoutes()));
  await put('key:reader', { allow: ['GET /queues/**', 'PUT /stock/*'], deny: ['* /queues/*/tasks/**'] });
  await put('group:crew', { allow: ['GET /**', 'POST /polls'], deny: ['GET /policies/**', 'GET /polls/*/results'] });
});
afterAll(async () => {
  await service.close();
  await issuer.close();
});

/** Those of the OpenAPI document, with HEAD wherever GET is, but for event streams and sockets. */
async function allRoutes(): Promise<Route[]> {
  const { paths } = (await service.app.inject('/openapi.json')).json() as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([pattern, operations]) =>
    Object.keys(operations)
      .flatMap((method) =>
        method === 'get' && !/\/(events|socket)$/.test(pattern) ? ['GET', 'HEAD'] : [method.toUpperCase()],
      )
      .map((method) => ({
        method: method as Method,
        pattern,
        path: pattern.replace('{subject}', 'group:cooks').replace(/\{\w+\}/g, 'some'),
      })),
  );
}

const put = async (subject: string, policy: object): Promise<void> => {
  const url = `/policies/${encodeURIComponent(subject)}`;
  const answer = await service.app.inject({ method: 'PUT', url, headers: authorization, payload: policy });
  expect(answer.statusCode).toBe(200);
};
const ask = (subjects: readonly string[], { method, path }: Pick<Route, 'method' | 'path'>) =>
  service.app.inject({
    method: 'POST',
    url: '/policies/decisions',
    headers: authorization,
    payload: { subjects, method, path },
  });

describe('what is said of a request', () => {
  it('is asked about routes of every kind', () => {
    const found = routes.map(({ method, pattern }) => `${method} ${pattern}`);
    for (const route of ['GET /metrics', 'GET /access', 'GET /polls', 'HEAD /polls/{pollId}/results', 'POST /polls'])
      expect(found).toContain(route);
    expect(found.length).toBeGreaterThan(50);
  });

  it.each<[string, readonly string[], () => Promise<string> | string]>([
    ['a key without a policy', ['key:test'], () => KEY],
    ['a key with a policy', ['key:reader'], () => READER_KEY],
    ['a token without a policy', ['sub:bob'], () => issuer.token({ claims: { sub: 'bob', 'cognito:groups': [] } })],
    ['a token with a policy', ['sub:ann', 'group:crew'], () => issuer.token()],
  ])('by %s is how it is answered, at every route', async (_, subjects, credential) => {
    // The voting page takes forms of its own site alone, whoever sends them.
    const headers = { ...bearer(await credential()), 'sec-fetch-site': 'same-origin' };
    for (const route of routes) {
      const { method, pattern, path } = route;
      if (pattern === '/metrics') continue;
      const decision = await ask(subjects, route);
      const answer = await service.app.inject({ method, url: path, headers });
      expect([method, pattern, decision.statusCode, decision.json().allowed]).toEqual([
        method,
        pattern,
        200,
        ![401, 403].includes(answer.statusCode),
      ]);
    }
  });

  it('names no statement where the route is open, and one where it shows more', async () => {
    for (const path of ['/polls', '/access', '/healthz'])
      expect((await ask(['key:reader'], { method: 'GET', path })).json()).toEqual({ allowed: true, by: null });
    const results = (subject: string) => ask([subject], { method: 'GET', path: '/polls/colors/results' });
    expect((await results('key:test')).json()).toEqual({
      allowed: true,
      by: { subject: 'key:test', effect: 'allow', statement: '* /**' },
    });
    for (const subject of ['key:reader', 'group:crew', 'sub:bob'])
      expect((await results(subject)).json()).toEqual({ allowed: true, by: null });
  });

  it('is nothing where the route takes a key of its own', async () => {
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await ask(['key:test'], { method, path: '/metrics' });
      expect([answer.statusCode, answer.json().errors]).toEqual([
        400,
        [{ path: 'path', message: expect.stringContaining('a key of its own') }],
      ]);
    }
  });

  it('counts the policies of as many subjects as a token has, and of no more', async () => {
    const subjects = ['sub:bob', ...Array.from({ length: 249 }, (_, index) => `group:g${index}`), 'group:crew'];
    const route = { method: 'POST', path: '/polls' } as const;
    expect((await ask(subjects, route)).json()).toMatchObject({ allowed: true, by: { subject: 'group:crew' } });
    expect((await ask([...subjects, 'group:more'], route)).statusCode).toBe(400);
  });
});
