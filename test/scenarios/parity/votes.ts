import { expect } from '@jest/globals';
import type { HttpRequest } from '../../helpers/http.ts';
import { get, invalid, refused, send, withKey } from '../requests.ts';
import { type Difference, type Exchange, ON_LAMBDA, type Scenario } from '../scenario.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
/** Longer than any body may be. */
const HUGE = 'x'.repeat(70_000);

const poll = (pollId: string, fields: object = {}): Exchange => ({
  request: withKey('POST', '/polls', { pollId, question: 'Which?', choices: ['RED', 'GREEN', 'BLÅ'], ...fields }),
  status: 201,
  headers: { location: `/polls/${pollId}` },
});
const vote = (pollId: string, body: unknown, headers: HttpRequest['headers'] = {}): HttpRequest =>
  send('POST', `/polls/${pollId}/votes`, body, headers);
const colors = (body: unknown, headers: HttpRequest['headers'] = {}): HttpRequest => vote('colors', body, headers);
const counted = (request: HttpRequest, body: object = {}): Exchange => ({
  request,
  status: 201,
  headers: { 'idempotent-replayed': undefined },
  body,
});
const replayed = (request: HttpRequest): Exchange => ({
  request,
  status: 201,
  headers: { 'idempotent-replayed': 'true' },
});
const sms = (fields: Readonly<Record<string, string>>): URLSearchParams =>
  new URLSearchParams({ From: '+15005550001', To: '+15005550006', ...fields });
const text = (body: unknown, headers: HttpRequest['headers'] = {}, query = ''): HttpRequest =>
  send('POST', `/webhooks/twilio/sms${query}`, body, headers);
const says = (request: HttpRequest, words: RegExp): Exchange => ({
  request,
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: words,
});

const unsigned = {
  status: 403,
  headers: { 'content-type': 'application/problem+json', 'content-length': expect.anything() },
  body: { code: 'FORBIDDEN' },
};
const decodedQuery: Difference = {
  runtimes: ['REST API (1.0)'],
  because: 'the gateway hands over names and values that are decoded',
  ...unsigned,
};
const groupedQuery: Difference = {
  runtimes: ['REST API (1.0)', 'load balancer'],
  because: 'the front hands over every name once with all its values, and all names with a value',
  ...unsigned,
};

const polls: readonly Scenario[] = [
  {
    what: 'makes a poll with every field, in any script, and shows it',
    exchanges: [
      poll('full', {
        question: 'Wohin? 🌍 "x" \\ / \u2028',
        choices: ['Köln', 'C++', 'ﷺ'],
        opensAt: '9998-01-01T01:00:00+01:00',
        closesAt: '9998-06-01T00:00:00.5Z',
        voterLimit: 'one',
        hideUntilClose: true,
        smsNumber: '+15005550100',
      }),
      {
        request: get('/polls/full'),
        status: 200,
        body: { question: 'Wohin? 🌍 "x" \\ / \u2028', opensAt: '9998-01-01T00:00:00.000Z', status: 'scheduled' },
      },
      { request: get('/polls/%66ull'), status: 200, body: { pollId: 'full' } },
      { request: get('/polls/full/results'), status: 200, body: { hidden: true, total: null, revision: null } },
    ],
  },
  {
    what: 'makes an id for a poll that has none',
    exchanges: [
      {
        request: withKey('POST', '/polls', { question: 'Which?', choices: ['A', 'B'] }),
        status: 201,
        headers: { location: expect.stringMatching(/^\/polls\/[0-9A-Z]{26}$/) },
      },
      { request: ([made]) => get(made?.headers.location as string), status: 200, body: { question: 'Which?' } },
    ],
  },
  {
    what: 'names everything that is wrong with a poll',
    exchanges: [
      {
        ...refused(
          withKey('POST', '/polls', { pollId: 5, choices: ['A'], closesAt: 'never', x: 1 }),
          400,
          'INVALID_REQUEST',
        ),
        body: {
          errors: expect.arrayContaining(
            ['pollId', 'question', 'choices', 'closesAt', 'x'].map((path) => expect.objectContaining({ path })),
          ),
        },
      },
      invalid(
        withKey('POST', '/polls', { question: 'Q', choices: ['STOP', 'GO'], smsNumber: '+15005550100' }),
        'choices[0]',
      ),
    ],
  },
  {
    what: 'lists polls page by page',
    exchanges: [
      poll('listed'),
      {
        request: get('/polls?limit=1'),
        status: 200,
        body: { polls: [{ pollId: 'listed' }], nextCursor: expect.any(String) },
      },
      {
        request: (answers) => get(`/polls?cursor=${JSON.parse(answers[1]?.body ?? '{}').nextCursor}&limit=1`),
        status: 200,
        body: { polls: [expect.anything()] },
      },
    ],
  },
  {
    what: 'refuses ids that are none, and knows no poll that is not there',
    exchanges: [
      ...['-a', '__proto__', 'a%20b', 'caf%C3%A9', 'a.b', 'a%00', 'a+b', '%E2%80%AEx', 'a'.repeat(65), '%25'].map(
        (id) => invalid(get(`/polls/${id}`), 'pollId'),
      ),
      ...['nope', 'constructor', 'a'.repeat(64)].map((id) => refused(get(`/polls/${id}`), 404, 'VOTES_POLL_NOT_FOUND')),
    ],
  },
];

const votes: readonly Scenario[] = [
  {
    what: 'counts a vote once, by its Idempotency-Key and by its voteId',
    exchanges: [
      poll('once'),
      { request: get('/polls/once/results'), status: 200, headers: { etag: expect.any(String) } },
      counted(vote('once', { choice: ' red ' }, { 'Idempotency-Key': 'one two~' }), {
        voteId: 'one two~',
        choice: 'RED',
      }),
      replayed(vote('once', { choice: 'RED' }, { 'idempotency-key': 'one two~' })),
      replayed(vote('once', { choice: 'RED', voteId: 'one two~' })),
      refused(vote('once', { choice: 'GREEN' }, { 'idempotency-key': 'one two~' }), 422, 'IDEMPOTENCY_KEY_REUSED'),
      counted(vote('once', { choice: 'blå' }), { choice: 'BLÅ' }),
      {
        request: withKey('POST', '/polls/once/close'),
        status: 200,
        body: { status: 'closed', audit: { ballots: 2, shards: 2, tally: 2, drift: 0 } },
      },
      replayed(vote('once', { choice: 'RED' }, { 'idempotency-key': 'one two~' })),
      refused(vote('once', { choice: 'RED' }), 409, 'VOTES_POLL_CLOSED'),
      {
        request: (answers) => get('/polls/once/results', { 'if-none-match': answers[1]?.headers.etag as string }),
        status: 200,
        body: { total: 2, choices: [{ votes: 1, share: 0.5 }, { votes: 0 }, { votes: 1 }] },
      },
      { request: withKey('POST', '/polls/once/recount', {}), status: 200, body: { before: 2, after: 2, drift: 0 } },
    ],
  },
  {
    what: 'refuses keys that are none, and two identities for one vote',
    exchanges: [
      invalid(colors({ choice: 'RED' }, { 'idempotency-key': '' }), 'idempotency-key'),
      invalid(colors({ choice: 'RED' }, { 'idempotency-key': 'k'.repeat(129) }), 'idempotency-key'),
      invalid(colors({ choice: 'RED' }, { 'idempotency-key': 'a\tb' }), 'idempotency-key'),
      invalid(colors({ choice: 'RED', voteId: 'a' }, { 'idempotency-key': 'b' }), 'voteId'),
    ],
  },
  {
    what: 'refuses votes by their state',
    exchanges: [
      poll('scheduled', { opensAt: '9998-01-01T00:00:00Z' }),
      refused(vote('scheduled', { choice: 'RED' }), 409, 'VOTES_POLL_NOT_OPEN'),
      poll('limited', { voterLimit: 'one' }),
      counted(vote('limited', { choice: 'RED', voter: '+1 \u0000 \u202e' })),
      refused(vote('limited', { choice: 'RED', voter: '+1 \u0000 \u202e' }), 409, 'VOTES_ALREADY_VOTED'),
      invalid(vote('limited', { choice: 'RED' }), 'voter'),
      refused(colors({ choice: 'rouge' }), 422, 'VOTES_UNKNOWN_CHOICE'),
      refused(colors({ choice: '__proto__' }), 422, 'VOTES_UNKNOWN_CHOICE'),
      refused(vote('nope', { choice: 'RED' }), 404, 'VOTES_POLL_NOT_FOUND'),
    ],
  },
  {
    what: 'answers with a version, and with nothing while that is the newest',
    exchanges: [
      poll('versions'),
      {
        request: get('/polls/versions/results'),
        status: 200,
        headers: { etag: expect.stringMatching(/^"[\w-]+"$/), 'cache-control': 'public, max-age=0, s-maxage=1' },
      },
      ...[
        (etag: string) => etag,
        (etag: string) => `W/${etag}`,
        (etag: string) => `"other", ${etag}`,
        (etag: string) => ['"other"', etag],
        () => '*',
      ].map(
        (tag): Exchange => ({
          request: (answers) =>
            get('/polls/versions/results', { 'If-None-Match': tag(answers[1]?.headers.etag as string) }),
          status: 304,
          headers: { etag: expect.any(String) },
          body: '',
        }),
      ),
      { request: get('/polls/versions/results', { 'if-none-match': '"other"' }), status: 200 },
      {
        request: send('HEAD', '/polls/versions/results'),
        status: 200,
        headers: { etag: expect.any(String) },
        body: '',
      },
    ],
  },
  {
    what: 'can be followed where connections stay open',
    exchanges: [
      {
        request: get('/polls/colors/results/events'),
        status: 200,
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
        body: /^retry: 1000\n\nevent: results\nid: \d+\ndata: \{"pollId":"colors",.*\}\n\n/,
        differences: [
          {
            runtimes: ON_LAMBDA,
            because: 'API Gateway and load balancers wait for the end of an answer',
            status: 501,
            headers: {
              'content-type': 'application/problem+json',
              'cache-control': 'no-store',
              'x-accel-buffering': undefined,
              'content-length': expect.anything(),
            },
            body: { code: 'NOT_IMPLEMENTED' },
          },
        ],
      },
      refused(send('HEAD', '/polls/colors/results/events'), 405, 'METHOD_NOT_ALLOWED', undefined, { allow: 'GET' }),
    ].map((exchange) => (exchange.status === 405 ? { ...exchange, body: '' } : exchange)),
  },
];

const madeText: Difference = {
  runtimes: ON_LAMBDA,
  because: 'the front makes text of the body, after which it is of another length than was said',
  headers: { 'content-length': expect.anything() },
  body: { code: 'INVALID_REQUEST' },
};

const bodies: readonly Scenario[] = [
  {
    what: 'refuses what is not JSON, or more than JSON should be',
    exchanges: [
      ...[
        '',
        ' \r\n',
        '{"choice":"RED"',
        '{"choice":"RED"}{}',
        "{'choice':'RED'}",
        '{"choice":NaN}',
        '{"choice":"\\ud83d"}',
        '{"choice":"RED","__proto__":{"voter":"x"}}',
        `{"choice":${'['.repeat(201)}${']'.repeat(201)}}`,
        'null',
        '[]',
        '"RED"',
      ].map((body) => invalid(colors(body, JSON_TYPE), 'body')),
      invalid(colors('{"choice":1e999}', JSON_TYPE), 'choice'),
    ],
  },
  {
    what: 'takes JSON however it is written',
    exchanges: [
      poll('written'),
      counted(vote('written', '\ufeff{"choice":"\\u0052ED"}', { 'content-type': 'Application/JSON; Charset="UTF-8"' })),
      counted(vote('written', ` ${' '.repeat(65_519)}{"choice":"RED"}`.slice(-65_536), JSON_TYPE)),
      counted(vote('written', { choice: 'RED', voter: '🙂' })),
    ],
  },
  {
    what: 'refuses JSON and forms that are not UTF-8',
    exchanges: [
      {
        ...invalid(colors(Buffer.from([0x22, 0xc3, 0x28, 0x22]), JSON_TYPE), 'body'),
        differences: [madeText],
      },
      {
        ...invalid(text(Buffer.from([0x61, 0x3d, 0xc3, 0x28]), { ...FORM_TYPE, 'x-twilio-signature': 'x' }), 'body'),
        differences: [{ ...madeText, runtimes: ['REST API (1.0)'] }],
      },
      invalid(text('Body=%ff', { ...FORM_TYPE, 'x-twilio-signature': 'x' }), 'body'),
    ],
  },
  {
    what: 'refuses bodies that are too large, before it reads them',
    exchanges: [
      refused(colors(`"${HUGE}"`, JSON_TYPE), 413, 'BODY_TOO_LARGE'),
      refused(vote('nope', `{${HUGE}`, JSON_TYPE), 413, 'BODY_TOO_LARGE'),
      refused(withKey('POST', '/polls?x=1', HUGE, JSON_TYPE), 413, 'BODY_TOO_LARGE'),
      refused(text(`Body=${HUGE}`, FORM_TYPE), 413, 'BODY_TOO_LARGE'),
    ],
  },
  {
    what: 'refuses bodies of other types, before it reads them',
    exchanges: [
      ...[
        'text/plain',
        'application/jsonx',
        'application/problem+json',
        'application/json; charset=latin1',
        'application/json, text/plain',
        'application/octet-stream',
        'multipart/form-data; boundary=x',
        ';',
      ].map((type) => refused(colors('{', { 'content-type': type }), 415, 'UNSUPPORTED_MEDIA_TYPE')),
      refused(colors('{"choice":"RED"}'), 415, 'UNSUPPORTED_MEDIA_TYPE'),
      refused(colors(HUGE, { 'content-type': 'image/png' }), 415, 'UNSUPPORTED_MEDIA_TYPE'),
      refused(text({ Body: 'red' }), 415, 'UNSUPPORTED_MEDIA_TYPE'),
      refused(
        text('Body=%e9', { 'content-type': `${FORM_TYPE['content-type']}; charset=latin1` }),
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ),
    ],
  },
];

const texts: readonly Scenario[] = [
  {
    what: 'takes a text that Twilio signed, once',
    exchanges: [
      poll('sms', { smsNumber: '+15005550201' }),
      says(
        text(sms({ MessageSid: 'SM1', To: '+15005550201', Body: ' blå! ' })),
        /<Message>Thank you! Your vote for BLÅ is counted/,
      ),
      says(text(sms({ MessageSid: 'SM1', To: '+15005550201', Body: ' blå! ' })), /Your vote for BLÅ is counted/),
      says(
        text(sms({ MessageSid: 'SM2', To: '+15005550201', Body: '🙂 + & ? %' })),
        /Reply with one of: RED, GREEN, BLÅ/,
      ),
      says(text(sms({ MessageSid: 'SM3', To: '+15005550201', Body: 'stop' })), /<Response\/>$/),
      says(
        text(sms({ MessageSid: 'SM4', To: '+15005550201', Body: 'red', 'Über & Co': 'ü', __proto__x: '1' })),
        /for RED/,
      ),
    ],
  },
  {
    what: 'checks the signature of a text over the query too',
    exchanges: ['?a=b%20c&d=%C3%BC%2F', '?a=1&a=0&b=2', '?empty=&b=(a)!*~', '?__proto__=1'].map((query, index) =>
      says(text(sms({ MessageSid: `SM-query-${index}`, Body: 'stop' }), {}, query), /<Response\/>$/),
    ),
  },
  {
    what: 'checks that signature over the query as it was sent, not as it might have been',
    exchanges: (
      [
        ["?it's=1"],
        ['?x=a+b', decodedQuery],
        ['?x=%61', decodedQuery],
        ['?x=%zz', decodedQuery],
        ['?none', groupedQuery],
        ['?a=1&b=2&a=0', groupedQuery],
      ] as const
    ).map(([query, ...differences], index) => ({
      ...says(text(sms({ MessageSid: `SM-odd-${index}`, Body: 'stop' }), {}, query), /<Response\/>$/),
      differences,
    })),
  },
  {
    what: 'refuses a text that Twilio did not sign, before it looks at its fields',
    exchanges: [
      refused(text(sms({ MessageSid: 'SM1', Body: 'red' }), { 'x-twilio-signature': 'forged' }), 403, 'FORBIDDEN'),
      refused(text(sms({ Body: 'red' }), { 'x-twilio-signature': '' }), 403, 'FORBIDDEN'),
      refused(text(sms({ MessageSid: 'SM1', Body: 'red' }).toString(), FORM_TYPE), 403, 'FORBIDDEN'),
      refused(text('', { ...FORM_TYPE, 'x-twilio-signature': 'x' }), 403, 'FORBIDDEN'),
      refused(text(undefined), 403, 'FORBIDDEN'),
    ],
  },
  {
    what: 'refuses a signed text without the fields of one',
    exchanges: [
      invalid(text(sms({ Body: 'red' })), 'MessageSid'),
      invalid(text(sms({ MessageSid: 'SM1' })), 'Body'),
      invalid(text(sms({ MessageSid: '', Body: 'red' })), 'MessageSid'),
    ],
  },
];

const answering = (segment: string, body: unknown, headers: HttpRequest['headers'] = {}): HttpRequest =>
  send('PUT', `/polls/asking/votes/${segment}/answers`, body, headers);

const IDENTITY = 'mail-7-reader-4711-2b9c';
const form = (fields: Readonly<Record<string, string>>, headers: HttpRequest['headers'] = {}): HttpRequest =>
  send('POST', '/vote/letter', new URLSearchParams(fields), headers);
const BROWSER = { 'sec-fetch-site': 'none' };
const OURS = { 'sec-fetch-site': 'same-origin' };

const page: readonly Scenario[] = [
  {
    what: 'shows the page for voters, and takes its forms from nobody else',
    exchanges: [
      poll('letter', { questions: [{ id: 'why', text: 'Why?' }] }),
      {
        request: get(`/vote/letter?choice=bl%C3%A5&v=${IDENTITY}&utm_source=mail`, BROWSER),
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
        body: /<button class="marked" name="choice" value="BLÅ"/,
      },
      refused(form({ choice: 'RED', v: IDENTITY }), 403, 'FORBIDDEN'),
      refused(form({ choice: 'RED', v: IDENTITY }, { origin: 'https://evil.example' }), 403, 'FORBIDDEN'),
      {
        request: form({ choice: 'RED', v: IDENTITY, 'answers.why': 'ﷺ\r\n2' }, OURS),
        status: 303,
        headers: { location: `/vote/letter?v=${IDENTITY}` },
        body: '',
        differences: [
          {
            runtimes: ['deployed stack'],
            because: 'the gateway names a type and a length also of what has no body',
            headers: { 'content-type': 'application/json', 'content-length': '0' },
          },
        ],
      },
      { request: get(`/vote/letter?v=${IDENTITY}`, BROWSER), status: 200, body: />\nﷺ\n2<\/textarea>/ },
      refused(form({ choice: 'NONE', v: 'somebody-else-0123456789' }, OURS), 422, 'VOTES_UNKNOWN_CHOICE'),
      invalid(form({ choice: 'RED', more: 'x' }, OURS), 'more'),
      refused(get('/vote/nowhere'), 404, 'VOTES_POLL_NOT_FOUND'),
    ],
  },
];

const answers: readonly Scenario[] = [
  {
    what: 'finds a vote by an identity that no path can hold as it is, and refuses what is none',
    exchanges: [
      poll('asking', { questions: [{ id: 'why', text: 'Why?' }] }),
      {
        request: withKey('GET', '/polls/asking/answers', undefined, { accept: 'text/csv' }),
        status: 200,
        headers: { 'content-type': 'text/csv; charset=utf-8' },
        body: 'ballot,choice,revision,why\r\n',
        differences: [
          {
            runtimes: ['deployed stack'],
            because: 'the gateway tells the length of what a container sends in parts',
            headers: { 'content-type': 'text/csv; charset=utf-8', 'content-length': '28' },
          },
        ],
      },
      counted(vote('asking', { choice: 'RED', voteId: 'reader/4711?&#+ %41 abc' })),
      {
        request: answering('~cmVhZGVyLzQ3MTE_JiMrICU0MSBhYmM', { answers: { why: 'ﷺ' } }),
        status: 200,
        body: { voteId: 'reader/4711?&#+ %41 abc', answers: { why: 'ﷺ' }, revision: 1 },
      },
      invalid(answering('~', { answers: { why: 'x' } }), 'voteId'),
      invalid(answering('x'.repeat(129), { answers: { why: 'x' } }), 'voteId'),
      invalid(answering('reader', { answers: {} }), 'answers'),
      refused(answering('reader', { answers: { why: 'x' } }), 404, 'VOTES_BALLOT_NOT_FOUND'),
      refused(answering('reader', 'x', { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE'),
    ],
  },
];

export const votesParityScenarios: readonly Scenario[] = [...polls, ...votes, ...bodies, ...texts, ...answers, ...page];
