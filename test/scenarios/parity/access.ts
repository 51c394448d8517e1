import { invalid, refused, send, withKey } from '../requests.ts';
import type { Scenario } from '../scenario.ts';

const SUBJECT = 'sub:auth0|x/y';
const inBase64Url = `/policies/~${Buffer.from(SUBJECT).toString('base64url')}`;
const allow = ['GET /queues/**', 'POST /polls/colors/votes'];
const deny = ['* /queues/payroll/**'];
const decide = (method: string, path: string, subjects: readonly string[] = [SUBJECT]) =>
  withKey('POST', '/policies/decisions', { subjects, method, path });
const by = (effect: string, statement: string) => ({ subject: SUBJECT, effect, statement });

export const accessParityScenarios: readonly Scenario[] = [
  {
    what: 'puts, reads, explains and deletes the policy of a subject whose name holds a slash',
    exchanges: [
      { request: withKey('PUT', inBase64Url, { allow, deny }), status: 200, body: { subject: SUBJECT, allow, deny } },
      { request: withKey('GET', inBase64Url), status: 200, body: { subject: SUBJECT, allow, deny } },
      { request: withKey('HEAD', inBase64Url), status: 200, body: '' },
      refused(withKey('PUT', inBase64Url, { allow }, { 'if-none-match': '*' }), 412, 'PRECONDITION_FAILED'),
      {
        request: decide('GET', '/queues/mails'),
        status: 200,
        body: { allowed: true, by: by('allow', 'GET /queues/**') },
      },
      {
        request: decide('GET', '/queues/payroll/tasks'),
        status: 200,
        body: { allowed: false, by: by('deny', '* /queues/payroll/**') },
      },
      { request: decide('DELETE', '/queues/mails'), status: 200, body: { allowed: false, by: null } },
      { request: withKey('DELETE', inBase64Url), status: 200, body: { subject: SUBJECT, allow, deny } },
      refused(withKey('GET', inBase64Url), 404, 'ACCESS_POLICY_NOT_FOUND'),
      refused(withKey('DELETE', inBase64Url), 404, 'ACCESS_POLICY_NOT_FOUND'),
    ],
  },
  {
    what: 'says what a key may do',
    exchanges: [
      {
        request: withKey('GET', '/access'),
        status: 200,
        body: { allow: ['* /**'], deny: [] },
      },
      refused(send('GET', '/access'), 401, 'UNAUTHORIZED', undefined, { 'www-authenticate': 'Bearer' }),
    ],
  },
  {
    what: 'refuses policies and questions that are none',
    exchanges: [
      invalid(withKey('PUT', '/policies/crew', { allow: [] }), 'subject'),
      invalid(withKey('GET', '/policies/~%21'), 'subject'),
      invalid(withKey('PUT', '/policies/group:crew', { allow: ['GET queues'] }), 'allow[0]'),
      invalid(withKey('PUT', '/policies/group:crew', {}), 'allow'),
      invalid(withKey('GET', '/policies?limit=0'), 'limit'),
      invalid(decide('GET', '/queues//mails'), 'path'),
      invalid(decide('GET', '/nothing'), 'path'),
      invalid(decide('GET', '/queues', ['crew']), 'subjects[0]'),
      refused(withKey('GET', '/policies/decisions'), 405, 'METHOD_NOT_ALLOWED', undefined, { allow: 'POST' }),
      refused(withKey('POST', '/policies/group:crew', {}), 405, 'METHOD_NOT_ALLOWED', undefined, {
        allow: 'DELETE, GET, HEAD, PUT',
      }),
    ],
  },
];
