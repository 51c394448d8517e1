import type { HttpRequest } from '../../helpers/http.ts';
import { get, refused, send, withKey } from '../requests.ts';
import type { Exchange, Scenario } from '../scenario.ts';

const unavailable = (request: HttpRequest): Exchange =>
  refused(request, 503, 'STORE_UNAVAILABLE', undefined, { 'retry-after': '1' });

/** What every runtime answers alike while it cannot reach its store. */
export const withoutStore: readonly Scenario[] = [
  {
    what: 'says when to try again, and nothing of the store',
    exchanges: [
      unavailable(get('/polls')),
      unavailable(get('/polls/nobody')),
      unavailable(send('POST', '/polls/nobody/votes', { choice: 'RED' })),
      unavailable(get('/stock')),
      unavailable(withKey('GET', '/tasks/nobody')),
      unavailable(withKey('POST', '/queues/nobody/tasks', { payload: 1 })),
      unavailable(withKey('POST', '/queues/nobody/tasks/batch', { tasks: [{ payload: 1 }] })),
      unavailable(withKey('POST', '/queues/nobody/pause')),
      unavailable(withKey('DELETE', '/queues/nobody')),
    ],
  },
  {
    what: 'lives, and is not ready',
    exchanges: [
      { request: get('/healthz'), status: 200 },
      {
        request: get('/readyz'),
        status: 503,
        body: { status: 'unavailable', checks: { clock: 'ok', store: 'unreachable' } },
      },
    ],
  },
  {
    what: 'refuses what it can refuse without it',
    exchanges: [
      refused(get('/polls/__proto__'), 400, 'INVALID_REQUEST', 'pollId'),
      refused(get('/nope'), 404, 'NOT_FOUND'),
      refused(get('/queues'), 401, 'UNAUTHORIZED'),
    ],
  },
];
