import { expect } from '@jest/globals';
import { PACKAGE_FILES, packagePath } from '../../../src/entrypoints/http/dashboard-packages.ts';
import { KEY } from '../../helpers/embedded-app.ts';
import type { HttpRequest } from '../../helpers/http.ts';
import { get, invalid, refused, send, withKey } from '../requests.ts';
import { type Difference, type Exchange, ON_LAMBDA, type Runtime, type Scenario } from '../scenario.ts';

/** They hand over paths that are decoded. */
const DECODES_PATHS: readonly Runtime[] = ['HTTP API (2.0)', 'deployed stack'];

/** A ULID; Lambda's own where a function answers. */
const REQUEST_ID = /^([0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

const notFound = (request: HttpRequest): Exchange => refused(request, 404, 'NOT_FOUND');
const notAllowed = (request: HttpRequest, allow: string): Exchange =>
  refused(request, 405, 'METHOD_NOT_ALLOWED', undefined, { allow });
const unauthorized = (request: HttpRequest): Exchange =>
  refused(request, 401, 'UNAUTHORIZED', undefined, { 'www-authenticate': 'Bearer' });

const recount = (headers: HttpRequest['headers']): HttpRequest =>
  send('POST', '/polls/colors/recount', undefined, headers);
const recounted = (headers: HttpRequest['headers']): Exchange => ({
  request: recount(headers),
  status: 200,
  body: { drift: 0 },
});

/** A function has the files in its bundle, and tells nothing of their age. */
const fromTheBundle: readonly Difference[] = [
  {
    runtimes: ON_LAMBDA,
    because: 'the files are in the bundle, where they have no time of change to make validators of, and no ranges',
    headers: { etag: undefined, 'last-modified': undefined, 'accept-ranges': undefined },
  },
];
const file = (url: string, type: string, body?: RegExp): Exchange => ({
  request: get(url),
  status: 200,
  headers: { 'content-type': type },
  ...(body ? { body } : {}),
  differences: fromTheBundle,
});
const page = (url: string, body: RegExp): Exchange => ({
  request: get(url),
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body,
});

const health: readonly Scenario[] = [
  {
    what: 'tells that it lives',
    exchanges: [
      {
        request: get('/healthz'),
        status: 200,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'x-content-type-options': 'nosniff',
          'content-security-policy': expect.stringContaining("default-src 'self'"),
          'x-request-id': expect.stringMatching(REQUEST_ID),
        },
        body: /^\{"status":"ok","version":"[0-9.]+"\}$/,
      },
      { request: send('HEAD', '/healthz'), status: 200, headers: { 'content-length': '33' }, body: '' },
    ],
  },
  {
    what: 'tells that it reaches what it depends on',
    exchanges: [{ request: get('/readyz'), status: 200, body: { status: 'ok', checks: { clock: 'ok', store: 'ok' } } }],
  },
  {
    what: 'has figures for Prometheus where a process lives long enough to be asked',
    exchanges: [
      {
        request: get('/metrics'),
        status: 200,
        headers: { 'content-type': expect.stringMatching(/^text\/plain/), 'content-length': expect.anything() },
        body: /^http_request_duration_seconds_count/m,
        differences: [
          {
            runtimes: ['inject'],
            because: 'each process has figures of its own',
            headers: { 'content-length': expect.anything() },
            body: /^http_request_duration_seconds_count/m,
          },
          {
            runtimes: ON_LAMBDA,
            because: 'a function reports to CloudWatch, and nobody could ask all of its environments',
            status: 404,
            headers: {
              'content-type': 'application/problem+json',
              'content-length': expect.anything(),
              'cache-control': 'no-store',
            },
            body: { code: 'NOT_FOUND' },
          },
        ],
      },
    ],
  },
];

const requestIds: readonly Scenario[] = [
  {
    what: 'takes a request id over, with good news and with bad',
    exchanges: [
      {
        request: get('/healthz', { 'X-Request-Id': 'mine.1_2-3' }),
        status: 200,
        headers: { 'x-request-id': 'mine.1_2-3' },
      },
      { ...notFound(get('/nope', { 'x-request-id': 'a'.repeat(128) })), headers: { 'x-request-id': 'a'.repeat(128) } },
      { ...unauthorized(recount({ 'x-request-id': 'mine' })), headers: { 'x-request-id': 'mine' } },
    ],
  },
  {
    what: 'makes a request id in place of one that is none',
    exchanges: ['a b', '', 'a'.repeat(129), 'a,b', '<script>'].map((id) => ({
      request: get('/healthz', { 'x-request-id': id }),
      status: 200,
      headers: { 'x-request-id': expect.stringMatching(REQUEST_ID) },
    })),
  },
  {
    what: 'makes a request id in place of two',
    exchanges: [
      {
        request: get('/healthz', { 'x-request-id': ['one', 'two'] }),
        status: 200,
        headers: { 'x-request-id': expect.stringMatching(REQUEST_ID) },
      },
    ],
  },
];

const tidiedUp: Difference = {
  runtimes: ['inject'],
  because: 'Fastify’s inject tidies a path up as a browser does',
  status: 200,
  headers: { 'content-type': expect.anything(), 'content-length': expect.anything(), 'cache-control': 'no-cache' },
  body: { status: 'ok', version: expect.any(String) },
};
const decodedSlash = {
  runtimes: DECODES_PATHS,
  because: 'the gateway decodes the path, after which nobody can tell',
  headers: { 'content-length': expect.anything() },
};
const slashesAreLost: Scenario['except'] = {
  runtimes: ['deployed stack'],
  because: 'the emulator takes a slash at the end of a path away, which API Gateway hands over',
};
const paths: readonly Scenario[] = [
  {
    what: 'has nothing at paths that it does not know',
    exchanges: [
      '/nope',
      '/POLLS',
      '/polls//votes',
      '/polls;x=1',
      '/nope%20x',
      '/caf%C3%A9',
      '/__proto__',
      '/constructor',
      '/polls/a/votes/b',
      `/${'a'.repeat(2_000)}`,
      '/nope?limit=1&limit=2',
    ].map((url) => notFound(get(url))),
  },
  {
    what: 'has nothing at paths that end with a slash',
    except: slashesAreLost,
    exchanges: ['/polls/', '/stock/AMZN/', '/errors/'].map((url) => notFound(get(url))),
  },
  {
    what: 'has nothing at such paths before it looks at anything else',
    exchanges: [
      notFound(send('POST', '/nope', 'x'.repeat(70_000), { 'content-type': 'application/json' })),
      notFound(send('PATCH', '/nope', '{', { 'content-type': 'text/plain' })),
      notFound(send('DELETE', '/.env')),
    ],
  },
  {
    what: 'reads characters of a path that are encoded without need',
    exchanges: [
      { request: get('/%68ealthz'), status: 200, body: { status: 'ok' } },
      notFound(get('/%2568ealthz')),
      { request: get('/errors/NOT%5FFOUND'), status: 200, body: { code: 'NOT_FOUND' } },
    ],
  },
  {
    what: 'does not walk up by dots in a path',
    exchanges: [
      notFound(get('/polls/%2e%2e/healthz')),
      notFound(get('/x/%2E./healthz')),
      notFound(get('/docs/static/%2e%2e/%2e%2e/healthz')),
    ].map((exchange) => ({ ...exchange, differences: [tidiedUp] })),
  },
  {
    what: 'takes no slash that is encoded for one that parts a path',
    exchanges: [
      {
        ...notFound(get('/docs/static/..%2Fpackage.json')),
      },
      {
        ...invalid(get('/polls/a%2Fb'), 'pollId'),
        differences: [{ ...decodedSlash, status: 404, body: { code: 'NOT_FOUND' } }],
      },
    ],
  },
  {
    what: 'refuses a path that cannot be decoded',
    exchanges: ['/polls/%zz', '/polls/%ff'].map((url) => ({
      ...invalid(get(url), 'path'),
      differences: [
        {
          runtimes: DECODES_PATHS,
          because: 'the gateway decodes what it can and hands over the rest as it is',
          body: { code: 'INVALID_REQUEST', errors: [{ path: 'pollId' }] },
          headers: { 'content-length': expect.anything() },
        },
      ],
    })),
  },
];

const methods: readonly Scenario[] = [
  {
    what: 'says which methods a path takes',
    exchanges: [
      ...['DELETE', 'PUT', 'PATCH'].map((method) => notAllowed(send(method, '/polls'), 'GET, HEAD, POST')),
      notAllowed(send('POST', '/healthz', {}), 'GET, HEAD'),
      notAllowed(get('/webhooks/twilio/sms'), 'POST'),
      notAllowed(send('PATCH', '/stock/AMZN'), 'DELETE, GET, HEAD, PUT'),
      notAllowed(send('DELETE', '/polls/__proto__?x=1'), 'GET, HEAD'),
      notAllowed(send('PUT', '/queues/q/claims', 'x'.repeat(70_000)), 'POST'),
    ],
  },
  {
    what: 'takes OPTIONS for a method like any other',
    except: { runtimes: ['deployed stack'], because: 'the emulator answers it itself, as if for CORS' },
    exchanges: [notAllowed(send('OPTIONS', '/polls'), 'GET, HEAD, POST')],
  },
  {
    what: 'says so of its pages too',
    exchanges: [
      notAllowed(send('POST', '/', {}), 'GET, HEAD'),
      notAllowed(send('DELETE', '/app.js'), 'GET, HEAD'),
      notAllowed(send('PUT', '/votes/polls.js?v=1', {}), 'GET, HEAD'),
      notAllowed(send('PUT', '/docs'), 'GET, HEAD'),
      notAllowed(send('POST', '/openapi.json', {}), 'GET, HEAD'),
    ],
  },
  {
    what: 'answers HEAD without a body, refusals too',
    exchanges: [
      { request: send('HEAD', '/polls/colors'), status: 200, body: '' },
      { request: send('HEAD', '/polls/nope'), status: 404, body: '' },
      { request: send('HEAD', '/nope'), status: 404, body: '' },
      { request: send('HEAD', '/polls/colors/votes'), status: 405, headers: { allow: 'POST' }, body: '' },
      { request: send('HEAD', '/polls?limit=0'), status: 400, body: '' },
      { request: send('HEAD', '/queues'), status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '' },
    ],
  },
];

const keys: readonly Scenario[] = [
  {
    what: 'takes the key in every form that it may have',
    exchanges: [
      recounted({ authorization: `Bearer ${KEY}` }),
      recounted({ Authorization: `bearer  ${KEY}` }),
      recounted({ 'x-api-key': KEY }),
      recounted({ 'X-API-Key': KEY, authorization: 'Basic YTpi' }),
      recounted({ 'x-api-key': 'of-somebody-else', authorization: `Bearer ${KEY}` }),
    ],
  },
  {
    what: 'takes no other key',
    exchanges: [
      unauthorized(recount({})),
      unauthorized(recount({ authorization: `Bearer ${KEY}x` })),
      unauthorized(recount({ authorization: KEY })),
      unauthorized(recount({ authorization: `Basic ${KEY}` })),
      unauthorized(recount({ authorization: 'Bearer' })),
      unauthorized(recount({ 'x-api-key': '' })),
      unauthorized(recount({ 'x-api-key': KEY.toUpperCase() })),
      unauthorized({ ...recount({}), url: `/polls/colors/recount?key=${KEY}` }),
      unauthorized(send('POST', '/queues/q/tasks', '[', { 'content-type': 'text/plain' })),
    ],
  },
  {
    what: 'takes no key that is there twice',
    exchanges: [unauthorized(recount({ 'x-api-key': [KEY, KEY] }))],
  },
];

const queries: readonly Scenario[] = [
  {
    what: 'refuses query parameters that it does not know, that are there twice, or that are not what they should be',
    exchanges: [
      invalid(get('/healthz?x=1'), 'x'),
      invalid(get('/polls?limit=1&limit=1'), 'limit'),
      invalid(get('/polls?limit=1&limit=2&limit=3'), 'limit'),
      invalid(get('/polls?limit'), 'limit'),
      invalid(get('/polls?limit=%201'), 'limit'),
      invalid(get('/polls?limit=1+'), 'limit'),
      invalid(get('/polls?limit=%zz'), 'limit'),
      invalid(get('/polls?limit=%EF%BC%91'), 'limit'),
      invalid(get('/polls?limit%5B%5D=1'), 'limit[]'),
      invalid(get('/polls?cursor=a%26limit%3D1'), 'cursor'),
      invalid(get('/polls?cursor=nonsense%3D%3D'), 'cursor'),
      invalid(get('/polls?__proto__=1'), '__proto__'),
      invalid(get('/polls?constructor=1'), 'constructor'),
      invalid(get('/polls?%C3%BC=1'), 'ü'),
    ],
  },
  {
    what: 'reads a query that is encoded without need, or is empty',
    exchanges: [
      { request: get('/polls?%6Cimit=%31'), status: 200 },
      { request: get('/polls?'), status: 200 },
      { request: get('/healthz?'), status: 200 },
      { request: get('/healthz?&'), status: 200 },
    ],
  },
];

const odd: readonly Scenario[] = [
  {
    what: 'does not care for cookies, nor for headers that are there more than once',
    exchanges: [
      { request: get('/healthz', { cookie: 'a=1; b=2' }), status: 200 },
      { request: get('/healthz', { cookie: ['a=1', 'b="2; 3"'] }), status: 200 },
      { request: get('/healthz', { accept: ['text/html', 'application/json'], 'x-other': ['1', '2'] }), status: 200 },
    ],
  },
  {
    what: 'takes an empty object where it takes no body, whatever its type, and nothing else',
    exchanges: [
      { request: withKey('POST', '/polls/colors/recount', ' { }\n', { 'content-type': 'text/plain' }), status: 200 },
      { request: withKey('POST', '/polls/colors/recount', {}, { 'content-type': 'no type at all' }), status: 200 },
      { request: send('GET', '/healthz', '{}', { 'content-type': 'application/json' }), status: 200 },
      invalid(send('GET', '/polls/colors', '[]', { 'content-type': 'application/json' }), 'body'),
      invalid(withKey('POST', '/polls/colors/recount', { a: 1 }), 'body'),
      invalid(withKey('POST', '/polls/colors/recount', Buffer.from([0xff]), { 'content-type': 'image/png' }), 'body'),
      refused(withKey('POST', '/polls/colors/recount', ' '.repeat(65_537)), 413, 'BODY_TOO_LARGE'),
    ],
  },
];

const errors: readonly Scenario[] = [
  {
    what: 'explains its errors',
    exchanges: [
      ...[
        'INVALID_REQUEST',
        'INTERNAL',
        'STORE_UNAVAILABLE',
        'VOTES_POLL_CLOSED',
        'TASKS_LEASE_LOST',
        'STOCKS_NOT_FOUND',
      ].map((code) => ({
        request: get(`/errors/${code}`),
        status: 200,
        body: { code, status: expect.any(Number), title: expect.any(String), description: expect.any(String) },
      })),
      ...['NOPE', 'not_found', '__proto__', 'toString'].map((code) => notFound(get(`/errors/${code}`))),
    ],
  },
];

const pages: readonly Scenario[] = [
  {
    what: 'serves the dashboard and its files',
    exchanges: [
      file('/', 'text/html; charset=utf-8', /<title>/),
      file('/index.html', 'text/html; charset=utf-8', /<title>/),
      file('/app.js', 'application/javascript; charset=utf-8'),
      file('/votes/poll-view.js', 'application/javascript; charset=utf-8'),
      file('/tasks/tasks-page.js', 'application/javascript; charset=utf-8'),
      ...PACKAGE_FILES.map((name) => file(packagePath(name), 'application/javascript; charset=utf-8')),
      file('/style.css', 'text/css; charset=utf-8'),
      file('/favicon.svg', 'image/svg+xml'),
      file('/favicon.ico', 'image/vnd.microsoft.icon'),
      file('/robots.txt', 'text/plain; charset=utf-8', /^User-agent: \*\nDisallow: \/$/m),
      { ...file('/', 'text/html; charset=utf-8'), request: send('HEAD', '/'), body: '' },
      { ...file('/style.css', 'text/css; charset=utf-8'), request: send('HEAD', '/style.css'), body: '' },
      invalid(get('/app.js?v=1'), 'v'),
    ],
  },
  {
    what: 'serves the page on the API and its files',
    exchanges: [
      page('/docs', /swagger-ui/),
      file('/docs/static/swagger-ui.css', 'text/css; charset=utf-8'),
      file('/docs/static/swagger-ui-bundle.js', 'application/javascript; charset=utf-8'),
      { request: get('/docs/start.js'), status: 200, body: /SwaggerUIBundle/ },
    ],
  },
  {
    what: 'leads to the page on the API from its other address',
    except: slashesAreLost,
    exchanges: [{ request: get('/docs/'), status: 308, headers: { location: '/docs' }, body: '' }],
  },
  {
    what: 'has no other files',
    exchanges: [
      '/nothing.js',
      '/nothing.js?v=1',
      '/app.js.map',
      '/votes/',
      '/votes',
      '/docs/static/nothing.js',
      '/docs/nothing',
      '/docs/json',
      '/docs/yaml',
      '/docs/static/swagger-initializer.js',
      '/.well-known/security.txt',
      '/package.json',
      '/tsconfig.json',
      '/api.mjs',
      '/..%2Fpackage.json',
      '/app.js/x',
      '/packages/lit-html/package.json',
      '/packages/lit-html/static.js',
      '/packages/fastify/fastify.js',
    ].map((url) => notFound(get(url))),
  },
  {
    what: 'publishes what it can do',
    exchanges: [
      {
        request: get('/openapi.json'),
        status: 200,
        headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': expect.anything() },
        body: { openapi: '3.1.0', paths: { '/polls/{pollId}/votes': {}, '/metrics': {} } },
        differences: [
          {
            runtimes: ON_LAMBDA,
            because: 'there is no /metrics',
            headers: { 'content-length': expect.anything() },
            body: { openapi: '3.1.0', paths: expect.not.objectContaining({ '/metrics': expect.anything() }) },
          },
        ],
      },
    ],
  },
];

export const systemParityScenarios: readonly Scenario[] = [
  ...health,
  ...requestIds,
  ...paths,
  ...methods,
  ...keys,
  ...queries,
  ...odd,
  ...errors,
  ...pages,
];
