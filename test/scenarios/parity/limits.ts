import { expect } from '@jest/globals';
import type { HttpRequest } from '../../helpers/http.ts';
import { get, invalid, nothing, refused, withKey } from '../requests.ts';
import type { Exchange, Scenario } from '../scenario.ts';

const rate = { requests: 2, perSeconds: 3_600, burst: 2 };
const put = (policyId: string, body: unknown, headers = {}): HttpRequest =>
  withKey('PUT', `/limits/${policyId}`, body, headers);
const created = (policyId: string, body: object): Exchange => ({
  request: put(policyId, body),
  status: 201,
  headers: { location: `/limits/${policyId}`, etag: expect.stringMatching(/^"\d+"$/) },
  body: { policyId, ...body },
});
const take = (policyId: string, body: object, headers = {}): HttpRequest =>
  withKey('POST', `/limits/${policyId}/takes`, body, headers);

/** Times and tags differ from one runtime to the next, and the limits of the service that stand before those of a policy. */
export const limitsParityScenarios: readonly Scenario[] = [
  {
    what: 'sets a limit, changes it and deletes it',
    exchanges: [
      created('changing', { rate }),
      {
        request: put('changing', { quota: { requests: 5, per: 'day' }, mode: 'shadow' }),
        status: 200,
        body: { quota: { requests: 5, per: 'day' }, mode: 'shadow', accuracy: 'exact', onStoreFailure: 'local' },
      },
      {
        request: withKey('GET', '/limits/changing'),
        status: 200,
        headers: { etag: expect.stringMatching(/^"\d+"$/) },
        body: { policyId: 'changing', allowed: 0, refused: 0, degraded: 0 },
      },
      refused(put('changing', { rate }, { 'if-none-match': '*' }), 412, 'PRECONDITION_FAILED'),
      refused(withKey('DELETE', '/limits/changing', undefined, { 'if-match': '"0"' }), 412, 'PRECONDITION_FAILED'),
      { request: withKey('DELETE', '/limits/changing'), status: 200, body: { policyId: 'changing' } },
      refused(withKey('DELETE', '/limits/changing'), 404, 'LIMITS_NOT_FOUND'),
      refused(withKey('GET', '/limits/changing'), 404, 'LIMITS_NOT_FOUND'),
    ],
  },
  {
    what: 'takes from a limit until it refuses, and gives back what a key had',
    exchanges: [
      created('taken', { rate }),
      {
        request: take('taken', { key: 'a/b' }),
        status: 200,
        headers: {
          'ratelimit-policy': expect.stringMatching(/(^|, )"taken";q=2;w=3600;pk=:[^:]+:$/),
          ratelimit: expect.stringMatching(/(^|, )"taken";r=1;t=\d+;pk=:[^:]+:$/),
        },
        body: { allowed: true, remaining: 1, degraded: false },
      },
      { request: take('taken', { key: 'a/b', dryRun: true }), status: 200, body: { allowed: true, remaining: 0 } },
      { request: take('taken', { key: 'a/b' }), status: 200, body: { allowed: true, remaining: 0 } },
      {
        request: take('taken', { key: 'a/b' }),
        status: 200,
        headers: { ratelimit: expect.stringMatching(/(^|, )"taken";r=0;t=\d+;/) },
        body: { allowed: false, remaining: 0, violated: 'rate', retryAfterMs: expect.any(Number) },
      },
      { request: take('taken', { key: 'other' }), status: 200, body: { allowed: true } },
      // base64url of a/b.
      { request: withKey('GET', '/limits/taken/keys/~YS9i'), status: 200, body: { key: 'a/b', remaining: 0 } },
      nothing(withKey('DELETE', '/limits/taken/keys/~YS9i')),
      { request: withKey('GET', '/limits/taken/keys/~YS9i'), status: 200, body: { key: 'a/b', remaining: 2 } },
    ],
  },
  {
    what: 'takes nothing for a repeat',
    exchanges: [
      created('repeated', { rate }),
      {
        request: take('repeated', { key: 'a' }, { 'idempotency-key': 'once' }),
        status: 200,
        headers: { 'idempotent-replayed': undefined },
        body: { allowed: true, remaining: 1 },
      },
      {
        request: take('repeated', { key: 'a' }, { 'idempotency-key': 'once' }),
        status: 200,
        headers: { 'idempotent-replayed': 'true' },
        body: { allowed: true, remaining: 1 },
      },
      refused(take('repeated', { key: 'a', cost: 2 }, { 'idempotency-key': 'once' }), 422, 'IDEMPOTENCY_KEY_REUSED'),
      { request: withKey('GET', '/limits/repeated/keys/a'), status: 200, body: { remaining: 1 } },
    ],
  },
  {
    what: 'refuses nothing in shadow mode, and tells what it would have',
    exchanges: [
      created('shadow', { rate: { ...rate, burst: 1 }, mode: 'shadow' }),
      { request: take('shadow', { key: 'a' }), status: 200, body: { allowed: true } },
      { request: take('shadow', { key: 'a' }), status: 200, body: { allowed: true, wouldRefuse: true } },
    ],
  },
  {
    what: 'refuses limits and takes that are none',
    exchanges: [
      invalid(put('bad', {}), 'rate'),
      invalid(put('bad', { rate: { requests: 1, perSeconds: 1 } }), 'rate.burst'),
      invalid(put('bad', { rate: { ...rate, requests: 0 } }), 'rate.requests'),
      invalid(put('bad', { quota: { requests: 1, per: 'week' } }), 'quota.per'),
      invalid(put('bad', { rate, mode: 'test' }), 'mode'),
      invalid(put('bad', { rate, burst: 1 }), 'burst'),
      invalid(put('b%20ad', { rate }), 'policyId'),
      created('strict', { rate }),
      invalid(take('strict', {}), 'key'),
      invalid(take('strict', { key: '' }), 'key'),
      invalid(take('strict', { key: 'k'.repeat(257) }), 'key'),
      invalid(take('strict', { key: 'a', cost: 3 }), 'cost'),
      invalid(take('strict', { key: 'a', cost: 0 }), 'cost'),
      invalid(withKey('GET', '/limits/strict/keys/~%2B'), 'key'),
      invalid(withKey('GET', '/limits/strict/keys/~YQ=='), 'key'),
      invalid(take('missing', { key: '' }), 'key'),
      invalid(take('missing', { key: 'a', cost: 0 }), 'cost'),
      refused(take('missing', { key: 'a' }), 404, 'LIMITS_NOT_FOUND'),
      refused(get('/limits'), 401, 'UNAUTHORIZED'),
      refused({ ...take('strict', { key: 'a' }), headers: {} }, 401, 'UNAUTHORIZED'),
      refused(withKey('PATCH', '/limits/strict', {}), 405, 'METHOD_NOT_ALLOWED'),
    ],
  },
];
