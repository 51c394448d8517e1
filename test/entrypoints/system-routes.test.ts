import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { system } from '../../src/entrypoints/composition/compose.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { generalProblems } from '../../src/entrypoints/http/problems.ts';
import { authorization, type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { injecting, type Send } from '../helpers/http.ts';
import { conformanceTo } from '../helpers/openapi-conformance.ts';
import { readFromProject } from '../helpers/project.ts';

let service: EmbeddedApp;
let send: Send;
let conforms: ReturnType<typeof conformanceTo>;

beforeAll(async () => {
  service = await embeddedApp();
  send = injecting(service.app);
  conforms = conformanceTo(JSON.parse((await send({ url: '/openapi.json' })).body));
});
afterAll(() => service.close());

describe('the health of the service', () => {
  it('is ok while the process lives', async () => {
    const answer = await send({ url: '/healthz' });

    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      { status: 'ok', version: readFromProject('package.json').match(/"version": "(.*)"/)?.[1] },
    ]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('names the part that is not well, for as long as it is not', async () => {
    const broken = new Set<string>();
    const skewed = new Set<string>();
    const ask = async (name: string) => {
      if (broken.has(name)) throw new Error('ECONNREFUSED 10.1.2.3');
    };
    const lifecycle = service.container.get(system.lifecycle);
    lifecycle.degradesWithout('cache', () => ask('cache').then(() => 'ok'));
    lifecycle.degradesWithout('clock', async () => (skewed.has('clock') ? 'skewed' : 'ok'));
    lifecycle.dependsOn('store', () => ask('one table'));
    lifecycle.dependsOn('store', () => ask('another table'));
    const ready = async () => {
      const answer = await send({ url: '/readyz' });
      expect(conforms({ url: '/readyz' }, answer)).toBeUndefined();
      return [answer.status, JSON.parse(answer.body)];
    };

    const well = { store: 'ok', cache: 'ok', clock: 'ok' };
    expect(await ready()).toEqual([200, { status: 'ok', checks: well }]);
    skewed.add('clock');
    expect(await ready()).toEqual([200, { status: 'degraded', checks: { ...well, clock: 'skewed' } }]);
    broken.add('cache');
    const withoutCache = { ...well, clock: 'skewed', cache: 'unreachable' };
    expect(await ready()).toEqual([200, { status: 'degraded', checks: withoutCache }]);
    broken.add('one table');
    expect(await ready()).toEqual([503, { status: 'unavailable', checks: { ...withoutCache, store: 'unreachable' } }]);
    expect((await send({ url: '/healthz' })).status).toBe(200);
    skewed.clear();
    broken.delete('cache');
    expect(await ready()).toEqual([503, { status: 'unavailable', checks: { ...well, store: 'unreachable' } }]);
    broken.clear();
    expect(await ready()).toEqual([200, { status: 'ok', checks: well }]);
  });
});

describe('the key', () => {
  const recount = { method: 'POST', url: '/polls/colors/recount' };

  it.each([
    ['as a bearer token', authorization],
    ['as a bearer token, in whatever case the scheme is', { authorization: `bearer  ${KEY}` }],
    ['as x-api-key', { 'x-api-key': KEY }],
    ['both ways', { ...authorization, 'x-api-key': KEY }],
    ['as x-api-key beside the credentials of a proxy', { authorization: 'Basic YTpi', 'x-api-key': KEY }],
    ['as x-api-key beside a token of another', { authorization: 'Bearer eyJhbGciOiJub25lIn0', 'x-api-key': KEY }],
    ['as a bearer token beside an x-api-key of another', { ...authorization, 'x-api-key': 'of-somebody-else' }],
  ])('is taken %s', async (_, headers) => {
    expect((await send({ ...recount, headers })).status).toBe(200);
  });

  it('may be any of several', async () => {
    const other = await embeddedApp({ API_KEYS: 'one=key-of-one-0123456789,two=key=of=two=0123456789' });
    const statusWith = async (headers: Record<string, string>) =>
      (await injecting(other.app)({ ...recount, headers })).status;
    const statuses = [
      await statusWith({ 'x-api-key': 'key-of-one-0123456789' }),
      await statusWith({ 'x-api-key': 'key=of=two=0123456789' }),
      await statusWith(authorization),
    ];
    await other.close();

    expect(statuses).toEqual([200, 200, 401]);
  });
});

describe('the description of an error', () => {
  const tables = [generalProblems, ...contexts.map(({ problems }) => problems)];

  it.each(tables.flatMap((table) => Object.entries(table)))('is there for %s', async (code, problem) => {
    const answer = await send({ url: `/errors/${code}` });

    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({
      code,
      status: problem.status,
      title: problem.title,
      description: problem.advice,
    });
    expect(conforms({ url: `/errors/${code}` }, answer)).toBeUndefined();
  });
});

describe('the metrics', () => {
  it('count each answer by method, route and status, and never by path', async () => {
    await send({ url: '/polls/colors' });
    await send({ url: '/polls/nope-1' });
    await send({ url: '/nope-2' });

    const { status, headers, body } = await send({ url: '/metrics' });

    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=/);
    expect(body).toMatch(
      /^http_request_duration_seconds_count\{method="GET",route="\/polls\/:pollId",status="200"\} [1-9]/m,
    );
    expect(body).toMatch(/^http_request_duration_seconds_count\{.*route="\/polls\/:pollId",status="404"\} [1-9]/m);
    expect(body).toMatch(/^process_cpu_seconds_total /m);
    expect(body).not.toContain('nope');
  });
});

describe('the pages', () => {
  it.each(['/', '/index.html', '/docs'])('are at %s', async (url) => {
    const answer = await send({ url });

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/html; charset=utf-8$/i);
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
    expect(answer.headers['x-request-id']).toBeDefined();
  });

  it.each(['/', '/docs'])('find at the service all that %s asks for', async (url) => {
    const { body } = await send({ url });
    const asked = [...body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(
      ([, reference]) => new URL(reference as string, `http://portside${url}`),
    );

    expect(asked.length).toBeGreaterThan(url === '/docs' ? 2 : 0);
    for (const { origin, pathname } of asked) {
      expect(origin).toBe('http://portside');
      expect([pathname, (await send({ url: pathname })).status]).toEqual([pathname, 200]);
    }
  });
});

describe('HEAD', () => {
  it.each(['/polls', '/polls/colors', '/polls/colors/results', '/healthz', '/'])(
    'answers %s as GET does, without the body',
    async (url) => {
      const get = await send({ url });
      const head = await send({ method: 'HEAD', url });

      expect(head.status).toBe(200);
      expect(head.body).toBe('');
      for (const name of ['content-type', 'content-length', 'etag']) expect(head.headers[name]).toBe(get.headers[name]);
    },
  );

  it('is refused without a body too', async () => {
    const answers = [await send({ method: 'HEAD', url: '/nope' }), await send({ method: 'HEAD', url: '/polls/-a' })];

    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [404, ''],
      [400, ''],
    ]);
  });
});
