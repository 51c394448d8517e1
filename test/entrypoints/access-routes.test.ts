import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { prometheusMeter } from '../../src/entrypoints/composition/prometheus.ts';
import { publishMetrics } from '../../src/entrypoints/http/metrics.ts';
import { type EmbeddedApp, embeddedApp, KEY } from '../helpers/embedded-app.ts';
import { FakeClock } from '../helpers/fakes.ts';
import { keyedRoutes } from '../helpers/keyed-routes.ts';
import { refusedTokens } from '../helpers/refused-tokens.ts';
import { type TokenIssuer, tokenIssuer } from '../helpers/token-issuer.ts';

const READER_KEY = 'key-of-the-reader-0123';
const METRICS_KEY = 'key-of-metrics-0123';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const admin = bearer(KEY);
const reader = bearer(READER_KEY);

/** Who is refused everywhere, and how. */
const refused: readonly {
  readonly who: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string;
}[] = [
  { who: 'without a key', headers: {}, status: 401, code: 'UNAUTHORIZED' },
  { who: 'with a wrong key', headers: bearer('wrong-key-0123456789'), status: 401, code: 'UNAUTHORIZED' },
  { who: 'with a key that no statement speaks of', headers: reader, status: 403, code: 'FORBIDDEN' },
];

const routes = keyedRoutes();
const lines: { readonly [field: string]: unknown }[] = [];
let service: EmbeddedApp;
let issuer: TokenIssuer;
let foreign: TokenIssuer;
beforeAll(async () => {
  // The clock of the service stands where this one does.
  const now = () => new FakeClock().now();
  [issuer, foreign] = await Promise.all([tokenIssuer({ now }), tokenIssuer({ now })]);
  service = await embeddedApp(
    {
      API_KEYS: `test=${KEY},reader=${READER_KEY}`,
      METRICS_KEY,
      PUBLIC_BASE_URL: 'https://example.org/portside',
      TOKEN_ISSUERS: `${issuer.url}=${issuer.audience}`,
    },
    {
      extras: [routes.collect, publishMetrics(prometheusMeter(contexts), METRICS_KEY)],
      log: { write: (line) => void lines.push(JSON.parse(line)) },
    },
  );
});
afterAll(async () => {
  await service.close();
  await Promise.all([issuer.close(), foreign.close()]);
});
afterEach(async () => {
  const { policies } = (await send('GET', '/policies?limit=100')).json();
  for (const { subject } of policies as { subject: string }[])
    await send('DELETE', `/policies/${encodeURIComponent(subject)}`);
});

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
const send = (method: Method, url: string, payload?: object, headers: object = admin) =>
  service.app.inject({ method, url, headers: headers as Record<string, string>, ...(payload ? { payload } : {}) });
const put = (subject: string, policy: object, headers: Record<string, unknown> = {}) =>
  send('PUT', `/policies/${encodeURIComponent(subject)}`, policy, { ...admin, ...headers });

describe('a route that takes a key of its own', () => {
  it('is opened by no other key, and by no token, whatever they may do', async () => {
    await put('group:crew', { allow: ['* /**'] });
    const mayAll = await issuer.token();
    expect((await send('GET', '/queues', undefined, bearer(mayAll))).statusCode).toBe(200);
    const { reads } = issuer;
    const unknown = await issuer.token({ header: { kid: 'made-up' } });
    for (const method of ['GET', 'HEAD'] as const)
      for (const headers of [{}, admin, reader, bearer(mayAll), bearer(unknown)]) {
        const answer = await send(method, '/metrics', undefined, headers);
        expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      }
    expect(issuer.reads).toBe(reads);
    expect((await send('GET', '/metrics', undefined, bearer(METRICS_KEY))).statusCode).toBe(200);
  });

  it('shares it with no other', async () => {
    for (const { method, path, pattern, isOptional } of routes.found) {
      if (isOptional) continue;
      const { statusCode } = await send(method as Method, path, undefined, bearer(METRICS_KEY));
      expect([method, pattern, statusCode]).toEqual([method, pattern, 401]);
    }
  });
});

describe('every route that needs a key', () => {
  it('is in the list', () => {
    const patterns = routes.found.map(({ method, pattern }) => `${method} ${pattern}`);
    expect(patterns).toEqual(
      expect.arrayContaining([
        'PUT /policies/:subject',
        'HEAD /policies/:subject',
        'POST /polls',
        'DELETE /stock/:stockId',
      ]),
    );
    expect(patterns.length).toBeGreaterThan(40);
  });

  it.each(refused)('refuses a request $who', async ({ headers, status, code }) => {
    await put('key:reader', { allow: [] });
    for (const { method, path, pattern, isOptional, isOpen } of routes.found) {
      if (isOptional || (isOpen && status === 403)) continue;
      const answer = await send(method as Method, path, undefined, headers);
      expect([method, pattern, answer.statusCode]).toEqual([method, pattern, status]);
      if (method === 'HEAD') continue;
      expect(answer.json().code).toBe(code);
      expect(answer.body).not.toMatch(/key:reader|statement|effect/);
    }
  });

  it('refuses a token that does not count, whatever is wrong with it', async () => {
    await put('group:crew', { allow: ['* /**'] });
    const tokens = await refusedTokens(issuer, foreign, service.clock.now());
    for (const [what, token] of Object.entries(tokens))
      for (const { method, path, pattern, isOptional } of routes.found) {
        if (isOptional) continue;
        const { statusCode, headers } = await send(method as Method, path, undefined, bearer(token));
        expect([what, method, pattern, statusCode, headers['www-authenticate']]).toEqual([
          what,
          method,
          pattern,
          401,
          'Bearer error="invalid_token"',
        ]);
      }
  }, 60_000);

  it.each<[string, object]>([
    ['its group', { sub: 'eve', 'cognito:groups': ['crew'] }],
    ['its subject', { sub: 'ann', 'cognito:groups': [] }],
  ])('takes a token that a statement on %s allows, and no other', async (_, claims) => {
    const allowed = bearer(await issuer.token({ claims: claims as Record<string, unknown> }));
    const other = bearer(await issuer.token({ claims: { sub: 'bob', 'cognito:groups': ['cooks', '__proto__'] } }));
    const subject = 'sub' in claims && claims.sub === 'ann' ? 'sub:ann' : 'group:crew';
    for (const { method, path, pattern, isOptional, isOpen } of routes.found) {
      if (isOptional || isOpen) continue;
      await put(subject, { allow: [`${method} ${pattern.replace(/:\w+/g, '*')}`] });
      const status = async (headers: object) => (await send(method as Method, path, undefined, headers)).statusCode;
      expect([method, pattern, [401, 403].includes(await status(allowed))]).toEqual([method, pattern, false]);
      expect([method, pattern, await status(other)]).toEqual([method, pattern, 403]);
    }
  });

  it('refuses a token of a person who is cut off, whatever its groups may do', async () => {
    await put('group:crew', { allow: ['* /**'] });
    await put('sub:ann', { allow: [], deny: ['* /**'] });
    const ann = bearer(await issuer.token());
    const others = bearer(await issuer.token({ claims: { sub: 'bob' } }));
    for (const { method, path, pattern, isOptional, isOpen } of routes.found) {
      if (isOptional || isOpen || method !== 'GET') continue;
      const { statusCode } = await send(method as Method, path, undefined, ann);
      expect([pattern, statusCode]).toEqual([pattern, 403]);
      expect((await send(method as Method, path, undefined, others)).statusCode).not.toBe(403);
    }
  });

  it('takes a request that its own statement allows, and no other', async () => {
    for (const { method, path, pattern, isOptional, isOpen } of routes.found) {
      if (isOptional || isOpen) continue;
      await put('key:reader', { allow: [`${method} ${pattern.replace(/:\w+/g, '*')}`] });
      const answer = await send(method as Method, path, undefined, reader);
      expect([method, pattern, answer.statusCode]).not.toEqual([method, pattern, 403]);
      const other = pattern === '/queues' ? '/policies' : '/queues';
      expect((await send('GET', other, undefined, reader)).statusCode).toBe(403);
    }
  });

  it('shows no more than to everybody where a key only shows more', async () => {
    await send('POST', '/polls', { pollId: 'secret', question: 'Who?', choices: ['A', 'B'], hideUntilClose: true });
    const total = async () => (await send('GET', '/polls/secret/results', undefined, reader)).json().total;
    expect(await total()).toBe(0);
    await put('key:reader', { allow: ['GET /polls'] });
    expect(await total()).toBeNull();
    await put('key:reader', { allow: ['GET /polls/secret/results'] });
    expect(await total()).toBe(0);
  });
});

describe('a spelling of a path', () => {
  const TRICKS = [
    '/queues/%73ecret',
    '/queues//secret',
    '//queues/secret',
    '/queues/secret/',
    '/queues/./secret',
    '/queues/open/../secret',
    '/queues/open%2F..%2Fsecret',
    '/queues/%2e%2e/queues/secret',
    '/queues%2Fsecret',
    '/QUEUES/secret',
    '/queues/~c2VjcmV0',
    '/queues/secret?x=1',
    '/queues/secret;a=b',
    '/queues/secret%00',
    '/portside/queues/secret',
    '/portside//queues/secret',
    '/portside/queues/%73ecret',
    '/portside/portside/queues/secret',
  ];

  it.each(TRICKS)('%s passes no policy', async (url) => {
    await send('PUT', '/queues/secret', {});
    await put('key:reader', { allow: ['GET /**'], deny: ['* /queues/secret/**', '* /queues/secret'] });
    for (const path of [url, `${url}/tasks?status=PENDING`]) {
      const answer = await send('GET', path, undefined, reader);
      expect([path, [400, 403, 404].includes(answer.statusCode)]).toEqual([path, true]);
    }
  });

  it('makes no more than one segment of a parameter', async () => {
    await put('key:reader', { allow: ['GET /policies/*'] });
    const subject = 'sub:auth0|x/y';
    await put(subject, { allow: [] });
    for (const spelled of [encodeURIComponent(subject), `~${Buffer.from(subject).toString('base64url')}`]) {
      expect((await send('GET', `/policies/${spelled}`, undefined, reader)).json().subject).toBe(subject);
      await put('key:reader', { allow: ['GET /**'], deny: ['GET /policies/sub:auth0%7Cx%2Fy'] });
      expect((await send('GET', `/policies/${spelled}`, undefined, reader)).statusCode).toBe(403);
      expect((await send('HEAD', `/policies/${spelled}`, undefined, reader)).statusCode).toBe(403);
      await put('key:reader', { allow: ['GET /policies/*'] });
    }
  });
});

describe('policies', () => {
  const now = () => new Date(service.clock.now()).toISOString();

  it('are put, read, listed and deleted', async () => {
    const allow = ['GET /queues/**'];
    const first = await put('group:crew', { allow });
    const { revision } = first.json();
    expect(first.statusCode).toBe(200);
    expect(first.json()).toEqual({ subject: 'group:crew', allow, deny: [], revision, effectiveBy: now() });
    expect(first.headers.etag).toBe(`"${revision}"`);

    const read = await send('GET', '/policies/group%3Acrew');
    expect(read.json()).toEqual(first.json());
    expect(read.headers.etag).toBe(first.headers.etag);
    expect((await send('HEAD', '/policies/group:crew')).headers.etag).toBe(first.headers.etag);
    const unchanged = await send('GET', '/policies/group:crew', undefined, {
      ...admin,
      'if-none-match': read.headers.etag,
    });
    expect(unchanged.statusCode).toBe(304);

    const second = await put('group:crew', { allow, deny: ['GET /queues/x'] });
    expect(second.json()).toMatchObject({ deny: ['GET /queues/x'], revision: revision + 1 });
    expect((await send('GET', '/policies')).json()).toEqual({ policies: [second.json()] });

    const deleted = await send('DELETE', '/policies/group:crew');
    expect(deleted.statusCode).toBe(200);
    expect(deleted.json()).toEqual({ ...(second.json() as object), revision: revision + 2, effectiveBy: now() });
    for (const method of ['GET', 'DELETE'] as const) {
      const gone = await send(method, '/policies/group:crew');
      expect([gone.statusCode, gone.json().code]).toEqual([404, 'ACCESS_POLICY_NOT_FOUND']);
    }
  });

  it('come in pages, each once', async () => {
    for (let count = 0; count < 7; count++) await put(`sub:${'x/'.repeat(count)}`.padEnd(5, '!'), { allow: [] });
    const subjects: string[] = [];
    for (let url = '/policies?limit=3'; url; ) {
      const { policies, nextCursor } = (await send('GET', url)).json();
      subjects.push(...policies.map(({ subject }: { subject: string }) => subject));
      url = nextCursor ? `/policies?limit=3&cursor=${nextCursor}` : '';
    }
    expect(subjects).toHaveLength(7);
    expect(new Set(subjects).size).toBe(7);
  });

  it('change only while they are as a request expects', async () => {
    const { etag } = (await put('group:crew', { allow: [] })).headers;
    const refusals = [
      await put('group:crew', { allow: [] }, { 'if-none-match': '*' }),
      await put('group:crew', { allow: [] }, { 'if-match': '"0"' }),
      await put('group:new', { allow: [] }, { 'if-match': '*' }),
      await send('DELETE', '/policies/group:crew', undefined, { ...admin, 'if-match': '"0"' }),
    ];
    expect(refusals.map((answer) => [answer.statusCode, answer.json().code])).toEqual(
      Array(4).fill([412, 'PRECONDITION_FAILED']),
    );
    expect((await put('group:crew', { allow: [] }, { 'if-match': etag })).statusCode).toBe(200);
    expect((await put('group:new', { allow: [] }, { 'if-none-match': '*' })).statusCode).toBe(200);
  });

  it.each<[string, object, string]>([
    ['crew', { allow: [] }, 'subject'],
    ['role:crew', { allow: [] }, 'subject'],
    ['key:', { allow: [] }, 'subject'],
    ['group:a\u0000b', { allow: [] }, 'subject'],
    [`sub:${'x'.repeat(321)}`, { allow: [] }, 'subject'],
    ['~!', { allow: [] }, 'subject'],
    ['group:crew', {}, 'allow'],
    ['group:crew', { allow: ['GET /a', 'FETCH /b'] }, 'allow[1]'],
    ['group:crew', { allow: [], deny: ['GET queues'] }, 'deny[0]'],
    ['group:crew', { allow: Array(51).fill('GET /a'), deny: Array(50).fill('GET /a') }, 'allow'],
    ['group:crew', { allow: [], more: 1 }, 'more'],
  ])('of %j that say %j are refused', async (subject, policy, path) => {
    const answer = await put(subject, policy);
    expect([answer.statusCode, answer.json().errors[0].path]).toEqual([400, path]);
  });

  it('that would lock everybody out are refused', async () => {
    await put('key:reader', { allow: ['PUT /policies/key:test'] });
    expect((await put('key:test', { allow: ['GET /**'] })).statusCode).toBe(200);
    const lockout = await send('PUT', '/policies/key:reader', { allow: [] }, reader);
    expect(lockout.statusCode).toBe(403);
    expect((await send('PUT', '/policies/key:test', { allow: ['* /**'] }, reader)).statusCode).toBe(200);

    expect((await put('key:reader', { allow: [] })).statusCode).toBe(200);
    const refusal = await put('key:test', { allow: ['* /**'], deny: ['* /policies/**'] });
    expect([refusal.statusCode, refusal.json().code]).toEqual([409, 'ACCESS_LOCKOUT']);
    expect((await send('GET', '/policies')).statusCode).toBe(200);
  });

  it('leave a line in the log for each change', async () => {
    lines.splice(0);
    const policy = { allow: ['GET /queues/**'] };
    await put('group:crew', policy);
    await put('group:crew', { allow: [] });
    await send('DELETE', '/policies/group:crew');
    await send('DELETE', '/policies/group:crew');

    const events = lines.filter((line) => 'before' in line);
    expect(events.map(({ msg, policy, subject, before, after }) => [msg, policy, subject, before, after])).toEqual([
      ['policy created', 'group:crew', 'key:test', null, expect.objectContaining(policy)],
      [
        'policy changed',
        'group:crew',
        'key:test',
        expect.objectContaining(policy),
        expect.objectContaining({ allow: [] }),
      ],
      ['policy deleted', 'group:crew', 'key:test', expect.objectContaining({ allow: [] }), null],
    ]);
  });

  it('say in the log by which statement a request was refused', async () => {
    await put('key:reader', { allow: ['GET /**'], deny: ['* /queues/**'] });
    lines.splice(0);
    await send('GET', '/queues/mails', undefined, reader);
    await send('PUT', '/stock/X', { value: '1' }, reader);

    const refusals = lines.filter(({ msg }) => msg === 'refused by the policies');
    expect(refusals.map(({ by, subject, route }) => [by, subject, route])).toEqual([
      [{ subject: 'key:reader', effect: 'deny', statement: '* /queues/**' }, 'key:reader', '/queues/:queue'],
      [null, 'key:reader', '/stock/:stockId'],
    ]);
  });

  it('are not what is asked at the path of decisions', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const answer = await send(method, '/policies/decisions');
      expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'POST']);
    }
  });
});

describe('access', () => {
  it('is told to every known key, whatever policies say', async () => {
    expect((await send('GET', '/access')).json()).toEqual({ subjects: ['key:test'], allow: ['* /**'], deny: [] });
    await put('key:reader', { allow: ['GET /polls'], deny: ['* /access'] });
    expect((await send('GET', '/access', undefined, reader)).json()).toEqual({
      subjects: ['key:reader'],
      allow: ['GET /polls'],
      deny: ['* /access'],
    });
    expect((await send('GET', '/access', undefined, {})).statusCode).toBe(401);
  });
});

describe('decisions', () => {
  const ask = (subjects: string[], method: string, path: string) =>
    send('POST', '/policies/decisions', { subjects, method, path });

  it('are explained by the statement that makes them', async () => {
    await put('group:crew', { allow: ['GET /queues/**', 'POST /polls/colors/votes'], deny: ['GET /queues/secret/**'] });
    const by = (effect: string, statement: string) => ({ subject: 'group:crew', effect, statement });
    const asked: [string, string, object][] = [
      ['GET', '/queues/mails', { allowed: true, by: by('allow', 'GET /queues/**') }],
      ['HEAD', '/queues/mails', { allowed: true, by: by('allow', 'GET /queues/**') }],
      ['GET', '/queues/secret/tasks', { allowed: false, by: by('deny', 'GET /queues/secret/**') }],
      ['GET', '/portside/queues/%73ecret/tasks', { allowed: false, by: by('deny', 'GET /queues/secret/**') }],
      ['POST', '/polls/colors/votes', { allowed: true, by: null }],
      ['DELETE', '/queues/mails', { allowed: false, by: null }],
    ];
    for (const [method, path, decision] of asked)
      expect([path, (await ask(['sub:ann', 'group:crew'], method, path)).json()]).toEqual([path, decision]);
    expect((await ask(['key:any'], 'DELETE', '/queues/mails')).json()).toEqual({
      allowed: true,
      by: { subject: 'key:any', effect: 'allow', statement: '* /**' },
    });
  });

  it.each([
    'queues/mails',
    '/nothing',
    '/queues//mails',
    '/queues/',
    '/queues/mails?x=1',
    '/policies/%zz',
    '/QUEUES',
    '',
  ])('are about routes: %j is none', async (path) => {
    const answer = await ask(['group:crew'], 'GET', path);
    expect([answer.statusCode, answer.json().errors[0].path]).toEqual([400, 'path']);
  });

  it('are about subjects', async () => {
    const answer = await ask(['group:crew', 'crew'], 'GET', '/queues');
    expect([answer.statusCode, answer.json().errors[0].path]).toEqual([400, 'subjects[1]']);
  });
});
