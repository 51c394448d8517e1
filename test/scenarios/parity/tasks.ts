import { expect } from '@jest/globals';
import type { HttpAnswer, HttpRequest } from '../../helpers/http.ts';
import { get, invalid, nothing, refused, send, withKey } from '../requests.ts';
import type { Exchange, Scenario } from '../scenario.ts';

const KIB = 1024;

const read = (url: string): HttpRequest => withKey('GET', url);
const enqueue = (queue: string, task: unknown = { payload: null }, headers: HttpRequest['headers'] = {}): HttpRequest =>
  withKey('POST', `/queues/${queue}/tasks`, task, headers);
const enqueued = (queue: string, task: object = { payload: null }, headers: HttpRequest['headers'] = {}): Exchange => ({
  request: enqueue(queue, task, headers),
  status: 201,
  headers: { location: expect.stringMatching(/^\/tasks\/./), 'idempotent-replayed': undefined },
  body: { queue, status: 'PENDING', attempt: 0 },
});
const replayed = (request: HttpRequest): Exchange => ({
  request,
  status: 201,
  headers: { 'idempotent-replayed': 'true' },
});
const batch = (queue: string, tasks: readonly unknown[]): HttpRequest =>
  withKey('POST', `/queues/${queue}/tasks/batch`, { tasks });
const claim = (queue: string, body: object = {}): HttpRequest => withKey('POST', `/queues/${queue}/claims`, body);
const claimed = (queue: string, tasks: readonly object[]): Exchange => ({
  request: claim(queue),
  status: 200,
  body: { tasks },
});

/** What the holder of the task does that the last claim brought. */
const holder =
  (action: string, body: object = {}, path = '/tasks'): Exchange['request'] =>
  (answers) => {
    const { taskId, fence } = lastClaimed(answers);
    const needsFence = action !== 'cancel' && action !== 'redrive';
    return withKey('POST', `${path}/${taskId}/${action}`, needsFence ? { fence, ...body } : body);
  };

function lastClaimed(answers: readonly HttpAnswer[]): { readonly taskId: string; readonly fence: string } {
  const claims = answers.filter(({ status, body }) => status === 200 && body.startsWith('{"tasks":[{"taskId"'));
  return JSON.parse(claims.at(-1)?.body ?? '{}').tasks[0];
}

const JSON_TYPE = { 'content-type': 'application/json' };
const HIDDEN = { url: 'https://***@example.org/run', headers: { Authorization: '***' }, secret: '***' };
const configureSecretly = (runner: object): HttpRequest =>
  withKey('PUT', '/queues/secretive', {
    runner: {
      url: 'https://user:word@example.org/run',
      headers: { Authorization: 'Bearer hush' },
      secret: '0123456789abcdef',
      ...runner,
    },
  });

const queues: readonly Scenario[] = [
  {
    what: 'configures a queue and shows it',
    exchanges: [
      {
        request: withKey('PUT', '/queues/configured', {
          order: 'adaptive',
          deadlineSeconds: 60,
          runner: { url: 'http://127.0.0.1:9/ü?x=%20' },
        }),
        status: 200,
        body: {
          queue: 'configured',
          order: 'adaptive',
          deadlineSeconds: 60,
          runner: { timeoutMs: 10_000, concurrency: 4 },
        },
      },
      { request: read('/queues/configured'), status: 200, body: { queue: 'configured', pending: 0, deadLetters: 0 } },
      {
        request: withKey('PUT', '/queues/configured', {}),
        status: 200,
        body: { order: 'lifo', deadlineSeconds: 86_400, maxAttempts: 20, paused: false },
      },
    ],
  },
  {
    what: 'lists queues page by page',
    exchanges: [
      { request: withKey('PUT', '/queues/a-1', {}), status: 200 },
      { request: withKey('PUT', '/queues/a-2', {}), status: 200 },
      {
        request: read('/queues?limit=1'),
        status: 200,
        body: { queues: [{ queue: 'a-1' }], nextCursor: expect.any(String) },
      },
      {
        request: (answers) => read(`/queues?limit=1&cursor=${JSON.parse(answers[2]?.body ?? '{}').nextCursor}`),
        status: 200,
        body: { queues: [{ queue: 'a-2' }] },
      },
    ],
  },
  {
    what: 'refuses a queue that is none or is not there',
    exchanges: [
      refused(read('/queues/nope'), 404, 'TASKS_QUEUE_NOT_FOUND'),
      invalid(read('/queues/a.b'), 'queue'),
      invalid(enqueue('__proto__'), 'queue'),
      invalid(withKey('PUT', '/queues/q', { order: 'random' }), 'order'),
      invalid(withKey('PUT', '/queues/q', { runner: { url: 'ftp://x' } }), 'runner.url'),
      refused(get('/queues'), 401, 'UNAUTHORIZED'),
      refused(send('PUT', '/queues/q', {}), 401, 'UNAUTHORIZED'),
    ],
  },
  {
    what: 'hides the secrets of a runner, and takes them back as unchanged',
    exchanges: [
      { request: configureSecretly({}), status: 200, body: { runner: HIDDEN } },
      { request: read('/queues/secretive'), status: 200, body: { runner: HIDDEN } },
      { request: configureSecretly(HIDDEN), status: 200, body: { runner: HIDDEN } },
      invalid(configureSecretly({ ...HIDDEN, url: 'https://***@example.com/run' }), 'runner.secret'),
      invalid(configureSecretly({ url: 'http:/example.org' }), 'runner.url'),
      invalid(configureSecretly({ headers: { 'CONTENT-Type': 'x' } }), 'runner.headers.CONTENT-Type'),
      invalid(configureSecretly({ headers: { a: 'ü' } }), 'runner.headers.a'),
    ],
  },
  {
    what: 'pauses a queue and lets it go on',
    exchanges: [
      enqueued('pausing', { payload: 1, taskId: 'pausing-1' }),
      { request: withKey('POST', '/queues/pausing/pause'), status: 200, body: { paused: true, pending: 1 } },
      claimed('pausing', []),
      { request: withKey('PUT', '/queues/pausing', { order: 'fifo' }), status: 200, body: { paused: true } },
      { request: withKey('POST', '/queues/pausing/resume', {}), status: 200, body: { paused: false, order: 'fifo' } },
      claimed('pausing', [{ taskId: 'pausing-1' }]),
      refused(withKey('POST', '/queues/nope/pause'), 404, 'TASKS_QUEUE_NOT_FOUND'),
      refused(withKey('POST', '/queues/nope/resume'), 404, 'TASKS_QUEUE_NOT_FOUND'),
    ],
  },
  {
    what: 'empties a queue and deletes it, with and without a content type',
    exchanges: [
      enqueued('emptied', { payload: 1, taskId: 'emptied-1' }),
      refused(withKey('DELETE', '/queues/emptied'), 409, 'TASKS_QUEUE_NOT_EMPTY'),
      { request: withKey('DELETE', '/queues/emptied/tasks?status=PENDING'), status: 200, body: { removed: 1 } },
      { request: read('/tasks/emptied-1'), status: 200, body: { status: 'CANCELLED', history: [] } },
      {
        request: withKey('DELETE', '/queues/emptied/tasks?status=CANCELLED', undefined, JSON_TYPE),
        status: 200,
        body: { removed: 1 },
      },
      refused(read('/tasks/emptied-1'), 404, 'TASKS_NOT_FOUND'),
      nothing(withKey('DELETE', '/queues/emptied', undefined, JSON_TYPE)),
      refused(withKey('DELETE', '/queues/emptied'), 404, 'TASKS_QUEUE_NOT_FOUND'),
      invalid(withKey('DELETE', '/queues/emptied/tasks'), 'status'),
      invalid(withKey('DELETE', '/queues/emptied/tasks?status=TAKEN'), 'status'),
      refused(send('DELETE', '/queues/emptied'), 401, 'UNAUTHORIZED'),
    ],
  },
  {
    what: 'says when a full queue may be tried again',
    exchanges: [
      { request: withKey('PUT', '/queues/full', { maxPending: 1 }), status: 200 },
      enqueued('full'),
      refused(enqueue('full'), 503, 'TASKS_QUEUE_FULL', undefined, {
        'retry-after': expect.stringMatching(/^[1-9]\d*$/),
      }),
    ],
  },
];

const tasks: readonly Scenario[] = [
  {
    what: 'takes a task with any payload, and gives it back as it was',
    exchanges: [
      enqueued('payloads', { payload: { to: 'ü 🙂 \u0000 \u202e', n: [1.5, null, true, -0.1e-7], constructor: {} } }),
      {
        request: ([made]) => read(made?.headers.location as string),
        status: 200,
        body: { payload: { to: 'ü 🙂 \u0000 \u202e', n: [1.5, null, true, -0.1e-7] }, status: 'PENDING' },
      },
      enqueued('payloads', { payload: null }),
      enqueued('payloads', { payload: 'ü'.repeat(16 * KIB - 1) }),
    ],
  },
  {
    what: 'makes one task of copies with one id or one key',
    exchanges: [
      enqueued('copies', { payload: { a: 1, b: 2 }, taskId: 'copy-1' }),
      replayed(
        enqueue('copies', '{"taskId":"copy-1","payload":{"b":2,"a":1}}', { 'content-type': 'application/json' }),
      ),
      refused(enqueue('copies', { payload: 1, taskId: 'copy-1' }), 422, 'IDEMPOTENCY_KEY_REUSED'),
      refused(enqueue('others', { payload: { a: 1, b: 2 }, taskId: 'copy-1' }), 422, 'IDEMPOTENCY_KEY_REUSED'),
      enqueued('copies', { payload: 'x' }, { 'Idempotency-Key': '~ any "key"' }),
      replayed(enqueue('copies', { payload: 'x' }, { 'idempotency-key': '~ any "key"' })),
      refused(enqueue('copies', { payload: 'y' }, { 'idempotency-key': '~ any "key"' }), 422, 'IDEMPOTENCY_KEY_REUSED'),
      invalid(enqueue('copies', { payload: 1, taskId: 'b' }, { 'idempotency-key': 'b' }), 'taskId'),
    ],
  },
  {
    what: 'refuses a task that is none, or too large',
    exchanges: [
      invalid(enqueue('q', {}), 'payload'),
      invalid(enqueue('q', { payload: 1, delaySeconds: '1' }), 'delaySeconds'),
      invalid(enqueue('q', { payload: 1, expiresInSeconds: 0 }), 'expiresInSeconds'),
      invalid(enqueue('q', { payload: 1, taskId: 'é' }), 'taskId'),
      invalid(enqueue('q', [1]), 'body'),
      refused(enqueue('q', { payload: 'x'.repeat(32 * KIB) }), 413, 'TASKS_PAYLOAD_TOO_LARGE'),
      refused(enqueue('q', { payload: 'x'.repeat(65 * KIB) }), 413, 'BODY_TOO_LARGE'),
    ],
  },
  {
    what: 'gives the newest task first, and takes its result',
    exchanges: [
      enqueued('lifo', { payload: 1, taskId: 'lifo-1' }),
      enqueued('lifo', { payload: 2, taskId: 'lifo-2' }),
      claimed('lifo', [{ taskId: 'lifo-2', payload: 2, attempt: 1 }]),
      { request: holder('heartbeat', { leaseSeconds: 60 }), status: 200, body: { taskId: 'lifo-2', status: 'TAKEN' } },
      {
        request: holder('complete', { result: { done: 'ü' } }),
        status: 200,
        body: { status: 'SUCCESS', result: { done: 'ü' } },
      },
      { request: holder('complete', { result: { done: 'ü' } }), status: 200, body: { status: 'SUCCESS' } },
      refused(holder('release'), 409, 'TASKS_LEASE_LOST'),
      claimed('lifo', [{ taskId: 'lifo-1' }]),
      { request: holder('release'), status: 200, body: { taskId: 'lifo-1', status: 'PENDING', attempt: 0 } },
    ],
  },
  {
    what: 'fails a task for good, lists it and brings it back',
    exchanges: [
      enqueued('failing', { payload: 1, taskId: 'failing-1' }),
      claimed('failing', [{ taskId: 'failing-1' }]),
      { request: holder('fail', { error: 'nö', retry: false }), status: 200, body: { status: 'FAILURE', error: 'nö' } },
      {
        request: read('/queues/failing/tasks?status=FAILURE'),
        status: 200,
        body: { tasks: [{ taskId: 'failing-1', error: 'nö' }] },
      },
      { request: withKey('POST', '/tasks/failing-1/redrive'), status: 200, body: { status: 'PENDING', attempt: 0 } },
      refused(withKey('POST', '/tasks/failing-1/redrive', {}), 409, 'TASKS_NOT_REDRIVABLE'),
      { request: withKey('POST', '/queues/failing/redrive'), status: 200, body: { redriven: 0 } },
    ],
  },
  {
    what: 'takes a task through all of its life',
    exchanges: [
      enqueued('life', { payload: 1, taskId: 'life-1', expiresInSeconds: 600 }),
      {
        request: claim('life', { leaseSeconds: 60, worker: 'wörker' }),
        status: 200,
        body: {
          tasks: [{ taskId: 'life-1', attempt: 1, maxAttempts: 20, fence: expect.stringMatching(/^[\w-]{22}$/) }],
        },
      },
      { request: holder('heartbeat'), status: 200, body: { status: 'TAKEN', worker: 'wörker' } },
      refused(holder('release', { delaySeconds: 601 }), 400, 'INVALID_REQUEST', 'delaySeconds'),
      {
        request: holder('fail', { error: 'büsy', retryInSeconds: 100 }),
        status: 200,
        body: { status: 'PENDING', history: [{ attempt: 1, outcome: 'failed', worker: 'wörker', error: 'büsy' }] },
      },
      { request: withKey('POST', '/tasks/life-1/cancel'), status: 200, body: { status: 'CANCELLED', attempt: 1 } },
      { request: withKey('POST', '/tasks/life-1/cancel', {}), status: 200, body: { status: 'CANCELLED' } },
      { request: read('/queues/life/tasks?status=CANCELLED'), status: 200, body: { tasks: [{ taskId: 'life-1' }] } },
      refused(withKey('POST', '/tasks/life-1/redrive'), 409, 'TASKS_NOT_REDRIVABLE'),
      enqueued('life', { payload: 2, taskId: 'life-2', expiresInSeconds: 8 }),
      claimed('life', [{ taskId: 'life-2' }]),
      {
        request: holder('fail', { error: 'no', retryInSeconds: 9 }),
        status: 200,
        body: {
          status: 'FAILURE',
          error: 'no (the next attempt was to come after 9 s, past the deadline of the task)',
        },
      },
      refused(withKey('POST', '/tasks/life-2/cancel'), 409, 'TASKS_NOT_CANCELLABLE'),
      { request: withKey('POST', '/tasks/life-2/redrive'), status: 200, body: { status: 'PENDING', attempt: 0 } },
      {
        request: read('/queues/life'),
        status: 200,
        body: { pending: 1, taken: 0, deadLetters: 0 },
      },
    ],
  },
  {
    what: 'takes a batch of tasks, each for itself',
    exchanges: [
      {
        request: batch('batch', [
          { payload: 'ü', taskId: 'batch-1' },
          { payload: 'x'.repeat(32 * KIB) },
          { payload: 1, taskId: 'batch-1' },
        ]),
        status: 200,
        body: {
          results: [
            { task: { taskId: 'batch-1', payload: 'ü' } },
            { problem: { code: 'TASKS_PAYLOAD_TOO_LARGE', status: 413 } },
            { problem: { code: 'IDEMPOTENCY_KEY_REUSED', status: 422 } },
          ],
        },
      },
      {
        request: batch(
          'batch',
          Array.from({ length: 30 }, () => ({ payload: 'x'.repeat(30 * KIB) })),
        ),
        status: 200,
      },
      { request: read('/queues/batch'), status: 200, body: { pending: 31 } },
      invalid(batch('batch', []), 'tasks'),
      invalid(batch('batch', [{}]), 'tasks[0].payload'),
      refused(batch('batch', ['x'.repeat(KIB * KIB)]), 413, 'BODY_TOO_LARGE'),
    ],
  },
  {
    what: 'finds a task by its queue too, and not by another one',
    exchanges: [
      enqueued('named', { payload: 1, taskId: 'named-1' }),
      { request: read('/queues/named/tasks/named-1'), status: 200, body: { taskId: 'named-1' } },
      claimed('named', [{ taskId: 'named-1' }]),
      ...(['heartbeat', 'fail', 'release', 'complete', 'cancel', 'redrive'] as const).map((action) =>
        refused(holder(action, action === 'fail' ? { error: '' } : {}, '/queues/other/tasks'), 404, 'TASKS_NOT_FOUND'),
      ),
      refused(read('/queues/other/tasks/named-1'), 404, 'TASKS_NOT_FOUND'),
      { request: holder('heartbeat', {}, '/queues/named/tasks'), status: 200, body: { status: 'TAKEN' } },
      {
        request: holder('fail', { error: 'no', retry: false }, '/queues/named/tasks'),
        status: 200,
        body: { status: 'FAILURE' },
      },
      { request: withKey('POST', '/queues/named/tasks/named-1/redrive'), status: 200, body: { status: 'PENDING' } },
      { request: withKey('POST', '/queues/named/tasks/named-1/cancel'), status: 200, body: { status: 'CANCELLED' } },
    ],
  },
  {
    what: 'brings back as many as it is told of a queue',
    exchanges: [
      enqueued('back', { payload: 1, taskId: 'back-1' }),
      claimed('back', [{ taskId: 'back-1' }]),
      { request: holder('fail', { error: 'no', retry: false }), status: 200, body: { status: 'FAILURE' } },
      { request: withKey('POST', '/queues/back/redrive', { status: 'SHED' }), status: 200, body: { redriven: 0 } },
      { request: withKey('POST', '/queues/back/redrive', { limit: 1 }), status: 200, body: { redriven: 1 } },
      { request: withKey('POST', '/queues/back/redrive', {}), status: 200, body: { redriven: 0 } },
      invalid(withKey('POST', '/queues/back/redrive', { status: 'SUCCESS' }), 'status'),
      invalid(withKey('POST', '/queues/back/redrive', { limit: 1_001 }), 'limit'),
    ],
  },
  {
    what: 'gives nothing where there is nothing, at once or after a wait',
    exchanges: [
      claimed('empty', []),
      { request: claim('empty', { waitSeconds: 1, max: 10 }), status: 200, body: { tasks: [] } },
    ],
  },
  {
    what: 'refuses claims and lists that ask for what is not there to ask for',
    exchanges: [
      invalid(claim('q', { max: 11 }), 'max'),
      invalid(claim('q', { waitSeconds: 21 }), 'waitSeconds'),
      invalid(read('/queues/q/tasks'), 'status'),
      invalid(read('/queues/q/tasks?status=SUCCESS'), 'status'),
      invalid(read('/queues/q/tasks?status=PENDING&status=TAKEN'), 'status'),
      invalid(read('/queues/q/tasks?status=PENDING&limit=101'), 'limit'),
    ],
  },
  {
    what: 'knows no task that is not there',
    exchanges: [
      refused(read('/tasks/nobody'), 404, 'TASKS_NOT_FOUND'),
      refused(read('/tasks/constructor'), 404, 'TASKS_NOT_FOUND'),
      refused(withKey('POST', '/tasks/nobody/complete', { fence: 'x' }), 404, 'TASKS_NOT_FOUND'),
      invalid(withKey('POST', '/tasks/nobody/complete', {}), 'fence'),
      invalid(read('/tasks/a%20b'), 'taskId'),
    ],
  },
];

export const tasksParityScenarios: readonly Scenario[] = [...queues, ...tasks];
