import { expect } from '@jest/globals';
import type { HttpRequest } from '../../helpers/http.ts';
import { get, nothing, withKey } from '../requests.ts';
import type { Exchange, Scenario } from '../scenario.ts';

const FLAG = { type: 'boolean', variants: { on: true, off: false }, defaultVariant: 'off', state: 'ENABLED' };
const HALF = {
  rules: [
    {
      if: [],
      serve: {
        rollout: [
          ['on', 1],
          ['off', 1],
        ],
      },
    },
  ],
};

const made = (setId: string): Exchange => ({
  request: withKey('POST', '/flag-sets', { setId }),
  status: 201,
  headers: { location: `/flag-sets/${setId}`, etag: '"0"' },
  body: { setId, revision: 0, flags: [] },
});
const put = (setId: string, key: string, fields: object = {}): HttpRequest =>
  withKey('PUT', `/flag-sets/${setId}/flags/${key}`, { ...FLAG, ...fields });
const evaluate = (setId: string, key: string, context: object): HttpRequest =>
  withKey('POST', `/flag-sets/${setId}/ofrep/v1/evaluate/flags${key && `/${key}`}`, { context });

export const flagsParityScenarios: readonly Scenario[] = [
  {
    what: 'changes a flag set by revisions, and goes back to an earlier one',
    exchanges: [
      made('parity'),
      { request: put('parity', 'a'), status: 201, headers: { etag: '"1"' }, body: { revision: 1, flag: FLAG } },
      { request: put('parity', 'a', HALF), status: 200, body: { revision: 2, flag: { key: 'a', ...HALF } } },
      { request: withKey('DELETE', '/flag-sets/parity/flags/a'), status: 200, body: { revision: 3 } },
      {
        request: withKey('POST', '/flag-sets/parity/revert', { to: 1, reason: 'broken' }),
        status: 200,
        body: { revision: 4, flags: [{ key: 'a', defaultVariant: 'off' }] },
      },
      {
        request: withKey('GET', '/flag-sets/parity/history?limit=1'),
        status: 200,
        body: { history: [{ revision: 4, key: 'a', before: null, reason: 'broken' }], nextCursor: expect.any(String) },
      },
    ],
  },
  {
    what: 'evaluates flags as OFREP says',
    exchanges: [
      made('evaluated'),
      { request: put('evaluated', 'plain'), status: 201 },
      { request: put('evaluated', 'split', HALF), status: 201 },
      {
        request: evaluate('evaluated', 'plain', {}),
        status: 200,
        body: { key: 'plain', value: false, variant: 'off', reason: 'STATIC' },
      },
      { request: evaluate('evaluated', 'split', {}), status: 400, body: { errorCode: 'TARGETING_KEY_MISSING' } },
      { request: evaluate('evaluated', 'none', {}), status: 404, body: { errorCode: 'FLAG_NOT_FOUND' } },
      {
        request: evaluate('evaluated', '', { targetingKey: 'u1' }),
        status: 200,
        headers: { etag: expect.stringMatching(/^"2-.{22}"$/) },
        body: { flags: [{ key: 'plain' }, { key: 'split', reason: 'SPLIT' }] },
      },
    ],
  },
  {
    what: 'refuses flags to those without a key, and gives the id of a deleted set to no other',
    exchanges: [
      { request: get('/flag-sets'), status: 401 },
      made('deleted'),
      nothing(withKey('DELETE', '/flag-sets/deleted')),
      { request: withKey('POST', '/flag-sets', { setId: 'deleted' }), status: 409, body: { code: 'FLAGS_SET_EXISTS' } },
    ],
  },
];
