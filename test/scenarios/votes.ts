import { expect } from '@jest/globals';
import { authorization } from '../helpers/embedded-app.ts';
import type { HttpRequest } from '../helpers/http.ts';
import type { Exchange, Scenario } from './scenario.ts';

const FAR = '9998-12-31T23:59:59.000Z';
const [MARCH, APRIL, MAY] = ['9998-03-01T00:00:00Z', '9998-04-01T00:00:00Z', '9998-05-01T00:00:00Z'];
const JSON_TYPE = { 'content-type': 'application/json' };
const WITHOUT_KEY: readonly Readonly<Record<string, string>>[] = [
  {},
  { authorization: 'Bearer wrong-key-0123456789' },
  { 'x-api-key': 'wrong' },
];
const VARY = 'Authorization, x-api-key, Accept';
const FIRST_TIME = { 'idempotent-replayed': undefined };
const REPLAYED = { 'idempotent-replayed': 'true' };

const poll = (fields: object): HttpRequest => ({
  method: 'POST',
  url: '/polls',
  headers: authorization,
  body: { question: 'Which colour?', choices: ['RED', 'GREEN', 'BLUE'], ...fields },
});
const given = (fields: object): Exchange => ({ request: poll(fields), status: 201 });
const vote = (pollId: string, body: object, key?: string): HttpRequest => ({
  method: 'POST',
  url: `/polls/${pollId}/votes`,
  headers: key === undefined ? {} : { 'idempotency-key': key },
  body,
});
const counted = (request: HttpRequest, body: object = {}): Exchange => ({
  request,
  status: 201,
  headers: FIRST_TIME,
  body,
});
const replayed = (request: HttpRequest, body: object = {}): Exchange => ({
  request,
  status: 201,
  headers: REPLAYED,
  body,
});
const refused = (request: HttpRequest, status: number, code: string): Exchange => ({ request, status, body: { code } });
const close = (pollId: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): HttpRequest => ({
  method: 'POST',
  url: `/polls/${pollId}/close`,
  headers: { ...authorization, ...headers },
  body,
});
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const auditOf = (votes: number) => ({
  ballots: votes,
  shards: votes,
  tally: votes,
  drift: 0,
  doubleVoters: 0,
  at: TIME,
});
const closed = (pollId: string, votes: number, request = close(pollId)): Exchange => ({
  request,
  status: 200,
  body: {
    pollId,
    status: 'closed',
    closedAt: TIME,
    closedBy: expect.stringMatching(/./),
    final: true,
    audit: auditOf(votes),
  },
});
const results = (pollId: string, body: object): Exchange => ({
  request: { url: `/polls/${pollId}/results` },
  status: 200,
  body: { pollId, ...body },
});

/** Each number has a texter of its own, since nobody gets many replies in an hour. */
const texterOf = (number: string): string => number.replace('+1', '+2');

/** An SMS as Twilio sends it, with parameters that the service does not know. */
const sms = (
  sid: string,
  to: string,
  text: string,
  from = texterOf(to),
  more: [string, string][] = [],
): HttpRequest => ({
  method: 'POST',
  url: '/webhooks/twilio/sms',
  body: new URLSearchParams([
    ...more,
    ['ToCountry', 'US'],
    ['MessageSid', sid],
    ['SmsMessageSid', sid],
    ['AccountSid', 'AC0123456789abcdef0123456789abcdef'],
    ['From', from],
    ['To', to],
    ['Body', text],
    ['NumMedia', '0'],
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]),
});
const XML = '<?xml version="1.0" encoding="UTF-8"?>';
const says = (request: HttpRequest, text: string): Exchange => ({
  request,
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: `${XML}<Response><Message>${text}</Message></Response>`,
});
const saysNothing = (request: HttpRequest): Exchange => ({ request, status: 200, body: `${XML}<Response/>` });

const pollScenarios: readonly Scenario[] = [
  {
    what: 'a poll has every field that it was given',
    exchanges: [
      {
        request: poll({
          pollId: 'full',
          question: 'Wohin? 🌍',
          choices: ['Köln ', 'C++', 'ﷺ'],
          opensAt: '9998-01-01T01:00:00+01:00',
          closesAt: '9998-06-01T00:00:00.5Z',
          voterLimit: 'one',
          channels: ['web', 'sms'],
          hideUntilClose: true,
          smsNumber: '+15005550100',
        }),
        status: 201,
        headers: { location: '/polls/full', 'content-type': 'application/json; charset=utf-8' },
      },
      {
        request: { url: '/polls/full' },
        status: 200,
        body: {
          pollId: 'full',
          question: 'Wohin? 🌍',
          choices: ['Köln ', 'C++', 'ﷺ'],
          opensAt: '9998-01-01T00:00:00.000Z',
          closesAt: '9998-06-01T00:00:00.500Z',
          voterLimit: 'one',
          channels: ['sms', 'web'],
          hideUntilClose: true,
          smsNumber: '+15005550100',
          status: 'scheduled',
        },
      },
    ],
  },
  {
    what: 'a poll that is given two fields has the defaults of the others',
    exchanges: [
      {
        request: poll({ pollId: 'least' }),
        status: 201,
        body: {
          pollId: 'least',
          voterLimit: 'none',
          channels: ['sms', 'web'],
          hideUntilClose: false,
          status: 'open',
        },
      },
    ],
  },
  {
    what: 'a poll may have 100 choices of 40 characters and a question of 280, counted as people count them',
    exchanges: [
      given({
        pollId: 'large',
        question: '🌍'.repeat(280),
        choices: Array.from({ length: 100 }, (_, index) => `${index}`.padStart(3, '0') + '🌍'.repeat(37)),
      }),
    ],
  },
  {
    what: 'a poll may be called like a member of Object.prototype',
    exchanges: [
      given({ pollId: 'constructor', choices: ['__proto__', 'toString'] }),
      counted(vote('constructor', { choice: '__proto__', voter: '__proto__' }, '__proto__'), { choice: '__proto__' }),
      replayed(vote('constructor', { choice: '__proto__', voter: '__proto__' }, '__proto__')),
      counted(vote('constructor', { choice: 'tostring', voter: 'constructor' }, 'constructor'), { choice: 'toString' }),
      closed('constructor', 2),
      results('constructor', { total: 2, choices: [{ votes: 1 }, { votes: 1 }] }),
    ],
  },
  {
    what: 'an id is taken for good',
    exchanges: [
      given({ pollId: 'taken' }),
      refused(poll({ pollId: 'taken' }), 409, 'VOTES_POLL_EXISTS'),
      closed('taken', 0),
      refused(poll({ pollId: 'taken', question: 'Another?' }), 409, 'VOTES_POLL_EXISTS'),
      given({ pollId: 'Taken' }),
    ],
  },
  {
    what: 'a number is taken while its poll is scheduled or open',
    exchanges: [
      given({ pollId: 'number-1', smsNumber: '+15005550101', opensAt: FAR }),
      refused(poll({ pollId: 'number-2', smsNumber: '+15005550101' }), 409, 'VOTES_NUMBER_TAKEN'),
      { request: { url: '/polls/number-2' }, status: 404 },
      closed('number-1', 0),
      given({ pollId: 'number-3', smsNumber: '+15005550101' }),
      refused(poll({ pollId: 'number-4', smsNumber: '+15005550101', opensAt: FAR }), 409, 'VOTES_NUMBER_TAKEN'),
    ],
  },
  {
    what: 'a number serves polls one after another, and none that overlap',
    exchanges: [
      given({ pollId: 'march', smsNumber: '+15005550102', opensAt: MARCH, closesAt: APRIL }),
      given({ pollId: 'april', smsNumber: '+15005550102', opensAt: APRIL, closesAt: MAY }),
      given({ pollId: 'february', smsNumber: '+15005550102', closesAt: MARCH }),
      ...[
        { opensAt: APRIL, closesAt: MAY },
        { opensAt: '9998-03-31T23:59:59.999Z', closesAt: '9998-04-01T00:00:00.001Z' },
        { opensAt: '9998-04-10T00:00:00Z', closesAt: '9998-04-11T00:00:00Z' },
        { closesAt: MARCH },
        { opensAt: '9998-04-30T00:00:00Z' },
        {},
      ].map((time) =>
        refused(poll({ pollId: 'between', smsNumber: '+15005550102', ...time }), 409, 'VOTES_NUMBER_TAKEN'),
      ),
      given({ pollId: 'may', smsNumber: '+15005550102', opensAt: MAY }),
      // A poll that is closed early gives back the rest of its time.
      closed('april', 0),
      given({ pollId: 'between', smsNumber: '+15005550102', opensAt: APRIL, closesAt: MAY }),
    ],
  },
  {
    what: 'a poll takes votes by its channels alone',
    exchanges: [
      given({ pollId: 'sms-only', smsNumber: '+15005550103', channels: ['sms'] }),
      refused(vote('sms-only', { choice: 'RED' }), 403, 'VOTES_CHANNEL_CLOSED'),
      refused(vote('sms-only', { choice: 'RED', voter: 'v' }, 'a'), 403, 'VOTES_CHANNEL_CLOSED'),
      says(sms('SM1', '+15005550103', 'red'), 'Thank you! Your vote for RED is counted.'),
      closed('sms-only', 1),
      given({ pollId: 'web-only', smsNumber: '+15005550103', channels: ['web'] }),
      says(sms('SM2', '+15005550103', 'red'), 'Sorry, this poll is not open to text messages.'),
      counted(vote('web-only', { choice: 'RED' })),
      closed('web-only', 1),
    ],
  },
];

const voteScenarios: readonly Scenario[] = [
  {
    what: 'a vote without an identity gets one, and is another vote each time',
    exchanges: [
      given({ pollId: 'no-identity' }),
      counted(vote('no-identity', { choice: ' red ' }), { pollId: 'no-identity', choice: 'RED' }),
      counted(vote('no-identity', { choice: ' red ' })),
      closed('no-identity', 2),
    ],
  },
  {
    what: 'the voteId is the identity, and the Idempotency-Key where there is none',
    exchanges: [
      given({ pollId: 'identity' }),
      counted(vote('identity', { choice: 'RED', voteId: 'a' }), { voteId: 'a', choice: 'RED' }),
      replayed(vote('identity', { choice: 'RED', voteId: 'a' }), { voteId: 'a', choice: 'RED' }),
      replayed(vote('identity', { choice: 'RED' }, 'a')),
      replayed(vote('identity', { choice: 'RED', voteId: 'a' }, 'a')),
      counted(vote('identity', { choice: 'RED' }, 'b'), { voteId: 'b' }),
      counted(vote('identity', { choice: 'RED', voteId: 'c c~' }, 'c c~'), { voteId: 'c c~' }),
      closed('identity', 3),
    ],
  },
  {
    what: 'the same fields are the same content, however they are written',
    exchanges: [
      given({ pollId: 'content' }),
      counted(vote('content', { choice: 'RED', voter: 'v' }, 'a')),
      replayed(vote('content', { voter: 'v', choice: ' ｒｅｄ! ' }, 'a'), { choice: 'RED' }),
      refused(vote('content', { choice: 'GREEN', voter: 'v' }, 'a'), 422, 'IDEMPOTENCY_KEY_REUSED'),
      refused(vote('content', { choice: 'RED', voter: 'w' }, 'a'), 422, 'IDEMPOTENCY_KEY_REUSED'),
      refused(vote('content', { choice: 'RED' }, 'a'), 422, 'IDEMPOTENCY_KEY_REUSED'),
      refused(vote('content', { choice: 'rouge', voter: 'v' }, 'a'), 422, 'IDEMPOTENCY_KEY_REUSED'),
      closed('content', 1),
    ],
  },
  {
    what: 'an identity holds within its poll',
    exchanges: [
      given({ pollId: 'within-1' }),
      given({ pollId: 'within-2' }),
      counted(vote('within-1', { choice: 'RED' }, 'a')),
      counted(vote('within-2', { choice: 'BLUE' }, 'a')),
    ],
  },
  {
    what: 'a repeat is answered as the first time after the close too, and a new vote is not',
    exchanges: [
      given({ pollId: 'after' }),
      counted(vote('after', { choice: 'RED' }, 'a')),
      closed('after', 1),
      replayed(vote('after', { choice: 'red' }, 'a'), { voteId: 'a', choice: 'RED' }),
      refused(vote('after', { choice: 'BLUE' }, 'a'), 422, 'IDEMPOTENCY_KEY_REUSED'),
      refused(vote('after', { choice: 'RED' }, 'b'), 409, 'VOTES_POLL_CLOSED'),
      refused(vote('after', { choice: 'RED' }), 409, 'VOTES_POLL_CLOSED'),
      refused(vote('after', { choice: 'rouge' }), 422, 'VOTES_UNKNOWN_CHOICE'),
      closed('after', 1),
    ],
  },
  {
    what: 'a refusal is not remembered',
    exchanges: [
      given({ pollId: 'refusal' }),
      refused(vote('refusal', { choice: 'rouge' }, 'a'), 422, 'VOTES_UNKNOWN_CHOICE'),
      counted(vote('refusal', { choice: 'RED' }, 'a')),
      closed('refusal', 1),
    ],
  },
  {
    what: 'a poll that is not open yet takes no vote',
    exchanges: [
      given({ pollId: 'scheduled', opensAt: '9998-12-31T23:59Z' }),
      refused(vote('scheduled', { choice: 'RED' }, 'a'), 409, 'VOTES_POLL_NOT_OPEN'),
      closed('scheduled', 0),
      refused(vote('scheduled', { choice: 'RED' }, 'a'), 409, 'VOTES_POLL_CLOSED'),
    ],
  },
  {
    what: 'a poll for one vote of each voter takes one',
    exchanges: [
      given({ pollId: 'one', voterLimit: 'one' }),
      { request: vote('one', { choice: 'RED' }), status: 400, body: { errors: [{ path: 'voter' }] } },
      counted(vote('one', { choice: 'RED', voter: '+15005550001' }, 'a')),
      replayed(vote('one', { choice: 'RED', voter: '+15005550001' }, 'a')),
      refused(vote('one', { choice: 'RED', voter: '+15005550001' }, 'b'), 409, 'VOTES_ALREADY_VOTED'),
      refused(vote('one', { choice: 'BLUE', voter: '+15005550001' }), 409, 'VOTES_ALREADY_VOTED'),
      counted(vote('one', { choice: 'BLUE', voter: '\u202e\0 x' })),
      refused(vote('one', { choice: 'BLUE', voter: '\u202e\0 x' }), 409, 'VOTES_ALREADY_VOTED'),
      refused(vote('one', { choice: 'BLUE', voter: '\u202e\0 X ' }), 409, 'VOTES_ALREADY_VOTED'),
      {
        request: vote('one', { choice: 'BLUE', voter: ' \u202e ' }),
        status: 400,
        body: { errors: [{ path: 'voter' }] },
      },
      closed('one', 2),
      replayed(vote('one', { choice: 'RED', voter: '+15005550001' }, 'a')),
    ],
  },
  {
    what: 'a voter may vote again where there is no limit',
    exchanges: [
      given({ pollId: 'many', voterLimit: 'none' }),
      counted(vote('many', { choice: 'RED', voter: 'v' })),
      counted(vote('many', { choice: 'RED', voter: 'v' })),
      closed('many', 2),
    ],
  },
];

const resultsScenarios: readonly Scenario[] = [
  {
    what: 'results are in the order of the poll, with shares of four decimals',
    exchanges: [
      given({ pollId: 'thirds' }),
      results('thirds', {
        status: 'open',
        total: 0,
        revision: 0,
        lagMs: 0,
        choices: [
          { choice: 'RED', votes: 0, share: 0 },
          { choice: 'GREEN', votes: 0, share: 0 },
          { choice: 'BLUE', votes: 0, share: 0 },
        ],
      }),
      counted(vote('thirds', { choice: 'blue' })),
      counted(vote('thirds', { choice: 'red' })),
      counted(vote('thirds', { choice: 'blue' })),
      closed('thirds', 3),
      results('thirds', {
        status: 'closed',
        total: 3,
        choices: [
          { choice: 'RED', votes: 1, share: 0.3333 },
          { choice: 'GREEN', votes: 0, share: 0 },
          { choice: 'BLUE', votes: 2, share: 0.6667 },
        ],
      }),
    ],
  },
  {
    what: 'results that are hidden show no figure until the close',
    exchanges: [
      given({ pollId: 'hidden', hideUntilClose: true }),
      counted(vote('hidden', { choice: 'RED' })),
      results('hidden', {
        status: 'open',
        hidden: true,
        total: null,
        revision: null,
        lagMs: null,
        choices: [
          { choice: 'RED', votes: null, share: null },
          { choice: 'GREEN', votes: null, share: null },
          { choice: 'BLUE', votes: null, share: null },
        ],
      }),
      closed('hidden', 1),
      results('hidden', {
        status: 'closed',
        final: true,
        total: 1,
        choices: [{ votes: 1, share: 1 }, { votes: 0 }, { votes: 0 }],
      }),
    ],
  },
  {
    what: 'a key shows results that are hidden, and a wrong one counts as none',
    exchanges: [
      given({ pollId: 'keyed', hideUntilClose: true }),
      ...WITHOUT_KEY.map(
        (headers): Exchange => ({
          request: { url: '/polls/keyed/results', headers },
          status: 200,
          headers: { 'cache-control': 'public, max-age=0, s-maxage=1', vary: VARY },
          body: { hidden: true, total: null, revision: null },
        }),
      ),
      {
        request: { url: '/polls/keyed/results', headers: authorization },
        status: 200,
        headers: { 'cache-control': 'private, no-store', vary: VARY },
        body: { hidden: true, total: 0, ballots: 0, revision: 0, choices: [{ votes: 0, share: 0 }, {}, {}] },
      },
    ],
  },
  {
    what: 'results tell how far they are complete, whether they are stale, and when they are final',
    exchanges: [
      given({ pollId: 'complete' }),
      results('complete', { completeUpTo: TIME, stale: false, staleAfterSeconds: 15, final: false, ballots: 0 }),
      counted(vote('complete', { choice: 'RED' })),
      closed('complete', 1),
      results('complete', { completeUpTo: TIME, stale: false, staleAfterSeconds: 15, final: true, ballots: 1 }),
    ],
  },
  {
    what: 'results come as a table to those who ask for it',
    exchanges: [
      given({ pollId: 'table', choices: ['R, G & B', 'say "red"', '=SUM(A1)', '+plus', '-minus', '@at', '＝wide'] }),
      ...['R, G & B', 'say "red"', '=SUM(A1)'].map((choice) => counted(vote('table', { choice }))),
      closed('table', 3),
      {
        request: { url: '/polls/table/results', headers: { accept: 'text/csv' } },
        status: 200,
        headers: { 'content-type': 'text/csv; charset=utf-8', vary: VARY },
        body: [
          'choice,votes,share',
          '"R, G & B",1,0.3333',
          '"say ""red""",1,0.3333',
          "'=SUM(A1),1,0.3333",
          "'+plus,0,0",
          "'-minus,0,0",
          "'@at,0,0",
          "'＝wide,0,0",
          '',
        ].join('\r\n'),
      },
    ],
  },
  {
    what: 'a table shows no figure while the results are hidden, but to a key',
    exchanges: [
      given({ pollId: 'hidden-table', hideUntilClose: true }),
      {
        request: { url: '/polls/hidden-table/results', headers: { accept: 'text/csv' } },
        status: 200,
        body: 'choice,votes,share\r\nRED,,\r\nGREEN,,\r\nBLUE,,\r\n',
      },
      {
        request: { url: '/polls/hidden-table/results', headers: { ...authorization, accept: 'text/csv' } },
        status: 200,
        headers: { 'cache-control': 'private, no-store' },
        body: 'choice,votes,share\r\nRED,0,0\r\nGREEN,0,0\r\nBLUE,0,0\r\n',
      },
    ],
  },
  {
    what: 'a poll tells who closed it, and its audit',
    exchanges: [
      given({ pollId: 'told', voterLimit: 'one' }),
      counted(vote('told', { choice: 'RED', voter: 'v' })),
      {
        request: { url: '/polls/told' },
        status: 200,
        body: /^(?!.*"(closedAt|closedBy|final|audit)").*"status":"open"/,
      },
      closed('told', 1),
      closed('told', 1, { url: '/polls/told' }),
    ],
  },
  {
    what: 'a close takes no body, an empty one, and regions that are lost',
    exchanges: [
      given({ pollId: 'bodies' }),
      closed('bodies', 0, close('bodies', {})),
      closed('bodies', 0, close('bodies', '', JSON_TYPE)),
      closed('bodies', 0, close('bodies', ' {} ', { 'content-type': 'text/plain' })),
      closed('bodies', 0, close('bodies', '{ }', { 'content-type': 'application/x-www-form-urlencoded' })),
      closed('bodies', 0, close('bodies', undefined, { 'content-type': ';' })),
      {
        request: close('bodies', { withoutRegions: ['mars-north-1'] }),
        status: 200,
        body: { audit: { drift: 0, withoutRegions: ['mars-north-1'] } },
      },
      closed('bodies', 0),
    ],
  },
  {
    what: 'a closed poll can be closed and counted again',
    exchanges: [
      given({ pollId: 'again' }),
      counted(vote('again', { choice: 'RED' })),
      closed('again', 1),
      closed('again', 1),
      {
        request: { method: 'POST', url: '/polls/again/recount', headers: authorization, body: {} },
        status: 200,
        body: { before: 1, after: 1, drift: 0 },
      },
      closed('again', 1),
    ],
  },
];

const RESERVED = [
  'STOP',
  'STOPALL',
  'UNSUBSCRIBE',
  'CANCEL',
  'END',
  'QUIT',
  'REVOKE',
  'OPTOUT',
  'START',
  'UNSTOP',
  'HELP',
  'INFO',
];

const ALREADY = 'You have voted already in "Which colour?". Your first vote counts.';
const CHOICES_ARE = 'Sorry, that is not one of the choices. Reply with one of: RED, GREEN, BLUE';

const smsScenarios: readonly Scenario[] = [
  {
    what: 'a text to the number of a poll is counted once, however often it is delivered',
    exchanges: [
      given({ pollId: 'sms-count', smsNumber: '+15005550201', voterLimit: 'one' }),
      says(sms('SM1', '+15005550201', ' red! '), 'Thank you! Your vote for RED is counted.'),
      says(sms('SM1', '+15005550201', ' red! '), 'Thank you! Your vote for RED is counted.'),
      says(sms('SM2', '+15005550201', 'blue'), ALREADY),
      says(sms('SM1', '+15005550201', 'blue'), ALREADY),
      says(sms('SM3', '+15005550201', 'blue', '+15005550002'), 'Thank you! Your vote for BLUE is counted.'),
      closed('sms-count', 2),
      says(sms('SM1', '+15005550201', ' red! '), 'Thank you! Your vote for RED is counted.'),
      says(sms('SM4', '+15005550201', 'red'), 'Sorry, this poll is closed. Your message is not counted.'),
      says(sms('SM5', '+15005550201', 'rouge'), 'Sorry, this poll is closed. Your message is not counted.'),
    ],
  },
  {
    what: 'nobody on the web has the identity of a text or the vote of a phone',
    exchanges: [
      given({ pollId: 'sms-json', smsNumber: '+15005550202', voterLimit: 'one' }),
      counted(vote('sms-json', { choice: 'BLUE', voter: '+15005550001' }, 'SM1')),
      says(sms('SM1', '+15005550202', 'red'), 'Thank you! Your vote for RED is counted.'),
      replayed(vote('sms-json', { choice: 'BLUE', voter: '+15005550001' }, 'SM1')),
      says(sms('SM1', '+15005550202', 'red'), 'Thank you! Your vote for RED is counted.'),
      closed('sms-json', 2),
    ],
  },
  {
    what: 'an unknown word is answered with the choices',
    exchanges: [
      given({ pollId: 'sms-words', smsNumber: '+15005550203', choices: ['<b>', 'R & D', `"it's"`] }),
      says(
        sms('SM1', '+15005550203', 'rouge'),
        `Sorry, that is not one of the choices. Reply with one of: &lt;b&gt;, R &amp; D, "it's"`,
      ),
      says(
        sms('SM2', '+15005550203', ''),
        `Sorry, that is not one of the choices. Reply with one of: &lt;b&gt;, R &amp; D, "it's"`,
      ),
      says(sms('SM3', '+15005550203', 'r & d'), 'Thank you! Your vote for R &amp; D is counted.'),
      says(sms('SM4', '+15005550203', '<B>'), 'Thank you! Your vote for &lt;b&gt; is counted.'),
      closed('sms-words', 2),
    ],
  },
  {
    what: 'a text counts for the choice that was typed, or for none',
    exchanges: [
      given({ pollId: 'sms-signs', smsNumber: '+15005550207', choices: ['-5', '0', '5', '50%', 'Don’t know'] }),
      says(sms('SM1', '+15005550207', '- 5'), 'Thank you! Your vote for -5 is counted.'),
      says(sms('SM2', '+15005550207', '−5'), 'Thank you! Your vote for -5 is counted.'),
      says(sms('SM3', '+15005550207', '٥'), 'Thank you! Your vote for 5 is counted.'),
      says(sms('SM4', '+15005550207', "don't know."), 'Thank you! Your vote for Don’t know is counted.'),
      says(
        sms('SM5', '+15005550207', '+5'),
        'Sorry, that is not one of the choices. Reply with one of: -5, 0, 5, 50%, Don’t know',
      ),
      closed('sms-signs', 4),
    ],
  },
  {
    what: 'a poll with a number takes no choice that the phone network keeps for itself, another poll does',
    exchanges: [
      refused(
        poll({ pollId: 'sms-revoke', smsNumber: '+15005550208', choices: ['Keep', 'Revoke'] }),
        400,
        'INVALID_REQUEST',
      ),
      refused(poll({ pollId: 'twins', choices: ['Yes', 'Yes!'] }), 400, 'INVALID_REQUEST'),
      given({ pollId: 'web-stop', choices: ['Start', 'Stop', 'Continue'] }),
      counted(vote('web-stop', { choice: 'stop' }, 'web-stop'), { choice: 'Stop' }),
    ],
  },
  {
    what: 'a poll that is not open yet says so',
    exchanges: [
      given({ pollId: 'sms-early', smsNumber: '+15005550204', opensAt: '9998-12-31T10:29:00.001Z' }),
      says(
        sms('SM1', '+15005550204', 'red'),
        'This poll is not open yet: "Which colour?" opens at 9998-12-31 10:30 UTC. Please vote then.',
      ),
    ],
  },
  {
    what: 'of the polls of a number the open one counts, else the next to open, else the last closed',
    exchanges: [
      given({ pollId: 'sms-old', smsNumber: '+15005550205' }),
      says(sms('SM1', '+15005550205', 'red'), 'Thank you! Your vote for RED is counted.'),
      closed('sms-old', 1),
      says(sms('SM2', '+15005550205', 'red'), 'Sorry, this poll is closed. Your message is not counted.'),
      given({ pollId: 'sms-next', smsNumber: '+15005550205', opensAt: FAR }),
      says(
        sms('SM3', '+15005550205', 'red'),
        'This poll is not open yet: "Which colour?" opens at 9999-01-01 00:00 UTC. Please vote then.',
      ),
      given({ pollId: 'sms-now', smsNumber: '+15005550205', choices: ['SOUTH', 'RED'], closesAt: MAY }),
      says(sms('SM4', '+15005550205', 'south'), 'Thank you! Your vote for SOUTH is counted.'),
      // A message that comes again has the outcome that it had the first time.
      says(sms('SM1', '+15005550205', 'red'), 'Thank you! Your vote for RED is counted.'),
      closed('sms-now', 1),
      given({ pollId: 'sms-then', smsNumber: '+15005550205', choices: ['SOUTH', 'RED'], closesAt: MAY }),
      says(sms('SM4', '+15005550205', 'south'), 'Thank you! Your vote for SOUTH is counted.'),
      says(sms('SM1', '+15005550205', 'red'), 'Thank you! Your vote for RED is counted.'),
      says(sms('SM5', '+15005550205', 'rouge'), 'Sorry, that is not one of the choices. Reply with one of: SOUTH, RED'),
      closed('sms-then', 0),
      says(sms('SM4', '+15005550205', 'south'), 'Thank you! Your vote for SOUTH is counted.'),
      says(
        sms('SM6', '+15005550205', 'red'),
        'This poll is not open yet: "Which colour?" opens at 9999-01-01 00:00 UTC. Please vote then.',
      ),
      closed('sms-now', 1),
      closed('sms-old', 1),
    ],
  },
  {
    what: 'a number that no poll names votes in the default poll',
    exchanges: [says(sms('SM-default', '+15005550299', 'green'), 'Thank you! Your vote for GREEN is counted.')],
  },
  {
    what: 'a message counts once for its number, whatever other numbers had a message of that name',
    exchanges: [
      says(sms('SM-same', '+15005550298', 'green'), 'Thank you! Your vote for GREEN is counted.'),
      given({ pollId: 'sms-same', smsNumber: '+15005550213', choices: ['RED', 'BLUE'] }),
      says(sms('SM-same', '+15005550213', 'red'), 'Thank you! Your vote for RED is counted.'),
      says(sms('SM-same', '+15005550213', 'red'), 'Thank you! Your vote for RED is counted.'),
      closed('sms-same', 1),
    ],
  },
  {
    what: 'a word of the phone network is left to it',
    exchanges: RESERVED.flatMap((word) => [
      saysNothing(sms(`SM-${word}`, '+15005550299', word)),
      saysNothing(sms(`SM-${word}`, '+15005550299', ` ${word.toLowerCase()}! `)),
    ]),
  },
  {
    what: 'a text that Twilio took for a word of the phone network is left to it, in whatever language',
    exchanges: [
      given({ pollId: 'sms-opt-out', smsNumber: '+15005550207', choices: ['RED', 'ARRET'] }),
      ...['STOP', 'START', 'HELP', 'anything'].flatMap((type) =>
        ['ARRET', 'red', 'parada', ''].map((text) =>
          saysNothing(sms(`SM-${type}-${text}`, '+15005550207', text, '+25005550207', [['OptOutType', type]])),
        ),
      ),
      closed('sms-opt-out', 0),
    ],
  },
  {
    what: 'a phone is one voter and a number one number, whatever the channel',
    exchanges: [
      given({ pollId: 'sms-channels', smsNumber: '+15005550208', voterLimit: 'one' }),
      says(
        sms('SM1', 'whatsapp:+15005550208', 'red', 'whatsapp:+25005550208'),
        'Thank you! Your vote for RED is counted.',
      ),
      ...['+25005550208', 'rcs:+25005550208', 'sms:+25005550208', 'viber-2:+25005550208'].map((from, index) =>
        says(sms(`SM2-${index}`, `${from.replace(/\+.*/, '')}+15005550208`, 'blue', from), ALREADY),
      ),
      says(
        sms('SM3', 'RCS:+15005550208', 'blue', 'messenger:25005550208'),
        'Thank you! Your vote for BLUE is counted.',
      ),
      closed('sms-channels', 2),
    ],
  },
  {
    what: 'a short code has polls like any number',
    exchanges: [
      given({ pollId: 'sms-short', smsNumber: '555', voterLimit: 'one' }),
      given({ pollId: 'sms-short-8', smsNumber: '55500209' }),
      refused(poll({ pollId: 'sms-short-again', smsNumber: '555' }), 409, 'VOTES_NUMBER_TAKEN'),
      says(sms('SM1', '555', 'red', '+25005550209'), 'Thank you! Your vote for RED is counted.'),
      says(sms('SM2', 'sms:555', 'red', '+25005550209'), ALREADY),
      says(sms('SM1', '55500209', 'blue', '+25005550209'), 'Thank you! Your vote for BLUE is counted.'),
      closed('sms-short', 1),
      closed('sms-short-8', 1),
    ],
  },
  {
    what: 'a sender gets five replies in an hour beside those to votes that count, whatever the polls',
    exchanges: [
      given({ pollId: 'sms-robot', smsNumber: '+15005550210', voterLimit: 'one' }),
      given({ pollId: 'sms-robot-2', smsNumber: '+15005550211', choices: ['I am driving', 'NO'] }),
      ...Array.from({ length: 5 }, (_, index) =>
        says(sms(`SM${index}`, '+15005550210', 'I am driving. I will answer later.', '+25005550210'), CHOICES_ARE),
      ),
      ...Array.from({ length: 5 }, (_, index) =>
        saysNothing(sms(`SM1${index}`, '+15005550211', 'I will answer later.', '+25005550210')),
      ),
      says(sms('SM3', '+15005550210', 'I am driving. I will answer later.', '+25005550210'), CHOICES_ARE),
      saysNothing(sms('SM20', '+15005550210', 'mauve', 'whatsapp:+25005550210')),
      says(sms('SM21', '+15005550210', 'red', '+25005550210'), 'Thank you! Your vote for RED is counted.'),
      saysNothing(sms('SM22', '+15005550210', 'blue', '+25005550210')),
      ...Array.from({ length: 6 }, (_, index) =>
        says(
          sms(`SM3${index}`, '+15005550211', 'i am driving', '+25005550210'),
          'Thank you! Your vote for I am driving is counted.',
        ),
      ),
      closed('sms-robot', 1),
      closed('sms-robot-2', 6),
    ],
  },
  {
    what: 'a text that quotes a reply gets none, and is no vote',
    exchanges: [
      given({ pollId: 'sms-quotes', smsNumber: '+15005550212' }),
      ...[
        'Liked “Thank you! Your vote for RED is counted.”',
        '👍 to “ Thank you! Your vote for RED is counted. ”',
        `Gefiel „${CHOICES_ARE}“`,
        'Laughed at “Sorry, that is not one of the choices. Reply with one…”',
        'Disliked “This poll is not open yet: "Which colour?" opens at 9998-12-31 10:30 UTC. Please vote then.”',
        `> ${ALREADY}\nblue`,
        'Removed a heart from “Sorry, this poll is closed. Your message is not counted.”',
        'Emphasized “There is no vote running at this number.”',
      ].map((text, index) => saysNothing(sms(`SM${index}`, '+15005550212', text))),
      says(sms('SM10', '+15005550212', 'mauve'), CHOICES_ARE),
      closed('sms-quotes', 0),
    ],
  },
  {
    what: 'parameters of the webhook that are not known are ignored, in the query too',
    exchanges: [
      given({ pollId: 'sms-query', smsNumber: '+15005550206' }),
      says(
        { ...sms('SM1', '+15005550206', 'red'), url: '/webhooks/twilio/sms?x=1&x=2&__proto__=3&%zz' },
        'Thank you! Your vote for RED is counted.',
      ),
    ],
  },
];

const FEEDBACK = '/polls/feedback/votes/mail-7-reader-4711-2b9c/answers';
const answer = (url: string, answers: unknown): HttpRequest => ({ method: 'PUT', url, body: { answers } });
const feedbackScenarios: readonly Scenario[] = [
  {
    what: 'answers beside a vote are merged, and read by key holders alone',
    exchanges: [
      given({
        pollId: 'feedback',
        choices: ['UP', 'DOWN'],
        questions: [
          { id: 'why', text: 'Why?' },
          { id: 'next', text: 'What next?' },
        ],
      }),
      refused(answer(FEEDBACK, { why: 'x' }), 404, 'VOTES_BALLOT_NOT_FOUND'),
      refused(vote('feedback', { choice: 'UP', voteId: 'short' }), 400, 'INVALID_REQUEST'),
      counted(vote('feedback', { choice: 'up', voteId: 'mail-7-reader-4711-2b9c' })),
      {
        request: answer(FEEDBACK, { why: 'Köln\n🌍' }),
        status: 200,
        body: { pollId: 'feedback', choice: 'UP', answers: { why: 'Köln\n🌍' }, revision: 1 },
      },
      {
        request: answer(FEEDBACK, { next: '=1' }),
        status: 200,
        body: { answers: { why: 'Köln\n🌍', next: '=1' }, revision: 2 },
      },
      { request: answer(FEEDBACK, { next: '=1' }), status: 200, body: { revision: 2 } },
      refused(answer(FEEDBACK, { other: 'x' }), 400, 'INVALID_REQUEST'),
      refused({ url: '/polls/feedback/answers' }, 401, 'UNAUTHORIZED'),
      {
        request: { url: '/polls/feedback/answers', headers: authorization },
        status: 200,
        body: { answers: [{ choice: 'UP', answers: { why: 'Köln\n🌍', next: '=1' }, revision: 2 }] },
      },
      {
        request: { url: '/polls/feedback/answers', headers: { ...authorization, accept: 'text/csv' } },
        status: 200,
        headers: { 'content-type': 'text/csv; charset=utf-8' },
        body: /^ballot,choice,revision,why,next\r\nb[\w-]{43},UP,2,"Köln\n🌍",'=1\r\n$/,
      },
      closed('feedback', 1),
      refused(answer(FEEDBACK, { why: 'late' }), 409, 'VOTES_POLL_CLOSED'),
    ],
  },
];

export const votesScenarios: readonly Scenario[] = [
  ...pollScenarios,
  ...voteScenarios,
  ...resultsScenarios,
  ...smsScenarios,
  ...feedbackScenarios,
];
