import { authorization, KEY } from '../helpers/embedded-app.ts';
import type { HttpRequest } from '../helpers/http.ts';

/** A bad request and the refusal that it meets. */
export interface Refusal {
  readonly what: string;
  readonly request: HttpRequest;
  readonly status: number;
  readonly code: string;
  /** What `errors` must name, where the request's content is at fault. */
  readonly path?: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

const goodPoll = { question: 'Which?', choices: ['YES', 'NO'] };
const goodVote = { choice: 'RED' };
const goodStock = { value: '97.00' };
const goodSms = { MessageSid: 'SM1', From: '+15005550001', To: '+15005550006', Body: 'red' };

const poll = (body: unknown, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'POST',
  url: '/polls',
  headers: { ...authorization, ...headers },
  body,
});
const vote = (body: unknown, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'POST',
  url: '/polls/colors/votes',
  headers,
  body,
});
const sms = (body: unknown, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'POST',
  url: '/webhooks/twilio/sms',
  headers,
  body,
});
const close = (body: unknown, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'POST',
  url: '/polls/colors/close',
  headers: { ...authorization, ...headers },
  body,
});
const stock = (body: unknown, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'PUT',
  url: '/stock/AMZN',
  headers: { ...authorization, ...headers },
  body,
});
const get = (url: string, headers: Record<string, string> = {}): HttpRequest => ({ url, headers });
const form = (fields: Record<string, string>): URLSearchParams => new URLSearchParams(fields);
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text;
};

/** Every value is refused for every one of the fields, with 400 and the field's name. */
const invalid = (
  request: (body: unknown) => HttpRequest,
  good: object,
  values: Readonly<Record<string, readonly unknown[]>>,
): Refusal[] =>
  Object.entries(values).flatMap(([field, wrong]) =>
    wrong.map((value) => ({
      what: `${field.split(/[.[]/)[0]} of ${shown(value)} in ${request({}).url}`,
      request: request({ ...good, [field.split(/[.[]/)[0] as string]: value }),
      status: 400,
      code: 'INVALID_REQUEST',
      path: field,
    })),
  );

const refuse =
  (status: number, code: string, path?: string) =>
  (what: string, request: HttpRequest): Refusal => ({ what, request, status, code, path });

const invalidAt = (path: string) => refuse(400, 'INVALID_REQUEST', path);
const badBody = invalidAt('body');
const notFound = refuse(404, 'NOT_FOUND');
const unauthorized = refuse(401, 'UNAUTHORIZED');
const wrongMethod = refuse(405, 'METHOD_NOT_ALLOWED');
const wrongType = refuse(415, 'UNSUPPORTED_MEDIA_TYPE');
const tooLarge = refuse(413, 'BODY_TOO_LARGE');
const noPoll = refuse(404, 'VOTES_POLL_NOT_FOUND');
const noStock = refuse(404, 'STOCKS_NOT_FOUND');
const noRate = refuse(502, 'STOCKS_RATE_MISSING');
const unknownChoice = refuse(422, 'VOTES_UNKNOWN_CHOICE');

const fields: readonly Refusal[] = [
  ...invalid(
    poll,
    { ...goodPoll, smsNumber: '+15005550100' },
    {
      'choices[0]': [
        ['stop', 'B'],
        ['Help!', 'B'],
        ['Revoke', 'B'],
      ],
    },
  ),
  ...invalid(poll, goodPoll, {
    pollId: [5, null, true, [], {}, '', '-a', '_a', 'a b', 'a/b', 'é', 'a\0', 'a'.repeat(65), '__proto__'],
    question: [undefined, 5, null, [], '', ' ', '\u200b', 'a\0b', 'a\nb', 'a\u0085b', 'a\ufffeb', 'é'.repeat(281)],
    choices: [undefined, null, 'RED', 5, {}, [], ['A'], Array.from({ length: 101 }, (_, index) => `C${index}`)],
    'choices[0]': [
      [1, 'B'],
      [null, 'B'],
      [['A'], 'B'],
      ['', 'B'],
      ['  ', 'B'],
      ['A\u0007', 'B'],
      ['A\uffff', 'B'],
      ['x'.repeat(41), 'B'],
    ],
    'choices[1]': [
      ['A', 'a '],
      ['A', 'Ａ'],
      ['A', '“A!”'],
      ["Don't", 'Don’t'],
    ],
    opensAt: [
      5,
      null,
      '',
      'now',
      '2026-01-01',
      '2026-01-01T00:00:00',
      '2026-02-30T00:00:00Z',
      '2027-02-29T10:00Z',
      '2027-01-01T24:00Z',
      '2026-12-31T23:59:60Z',
      '9999-12-31T23:59:59-23:59',
      '0000-01-01T00:00:00+23:59',
    ],
    closesAt: [5, null, 'never', '2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z'],
    voterLimit: [1, null, 'two', 'NONE', ['one']],
    channels: ['sms', null, [], ['sms', 'sms'], {}],
    'channels[0]': [['SMS'], ['email'], [null]],
    hideUntilClose: ['true', 1, null],
    smsNumber: [
      15_005_550_006,
      null,
      '',
      '15005550006',
      '+05005550006',
      '+1 500',
      '+1234567890123456',
      '+1５',
      '55',
      '123456789',
      '５５５',
      ' 555',
      'whatsapp:+15005550006',
      'agent',
    ],
    shards: [1],
    status: ['open'],
    constructor: [1],
    toString: ['x'],
  }),
  invalidAt('closesAt')(
    'a poll that closes before it opens',
    poll({ ...goodPoll, opensAt: '2027-01-02T00:00:00Z', closesAt: '2027-01-01T00:00:00Z' }),
  ),
  ...invalid(vote, goodVote, {
    choice: [undefined, 5, null, true, '', [], {}],
    voter: [5, null, '', 'x'.repeat(257)],
    voteId: [5, null, '', 'é', 'a\nb', 'x'.repeat(129)],
    hasOwnProperty: [true],
  }),
  ...invalid((body) => sms(new URLSearchParams(JSON.parse(JSON.stringify(body)))), goodSms, {
    MessageSid: [undefined, '', 'SM\n', 'x'.repeat(129)],
    From: [undefined, ''],
    To: [undefined, ''],
    Body: [undefined],
  }),
  ...invalid(stock, goodStock, {
    value: [
      ...[undefined, null, 97, true, [], {}, '', ' ', '97 ', ' 97', '+97', '-97', '-0', '01', '00', '.5', '5.', '1e3'],
      ...['97,00', '97.00.1', '0x61', 'NaN', 'Infinity', '９７', '97\n', '97\0', '1'.repeat(19), '0.123456789'],
    ],
    currency: [5, null, '', 'EURO', 'EU', ' EUR', 'XAU', 'XXX', 'ANG', 'BGN', 'CUC', 'ＥＵＲ', 'ınr', ['EUR']],
    stock: ['AMZN'],
    updatedAt: ['2026-01-01T00:00:00.000Z'],
    constructor: [1],
  }),
  ...invalid(
    close,
    {},
    {
      withoutRegions: ['eu-west-1', null, 5, {}, Array.from({ length: 33 }, (_, index) => `region-${index}`)],
      'withoutRegions[0]': [[''], ['EU'], ['eu west'], [5], [null], ['x'.repeat(33)]],
      regions: [[]],
      constructor: [1],
    },
  ),
  invalidAt('MessageSid')('two MessageSids', sms(`${form(goodSms)}&MessageSid=SM2`, FORM_TYPE)),
  invalidAt('voteId')(
    'a voteId that differs from the key',
    vote({ ...goodVote, voteId: 'a' }, { 'idempotency-key': 'b' }),
  ),
  invalidAt('idempotency-key')('an empty Idempotency-Key', vote(goodVote, { 'idempotency-key': '' })),
  invalidAt('idempotency-key')('a long Idempotency-Key', vote(goodVote, { 'idempotency-key': 'k'.repeat(129) })),
  invalidAt('idempotency-key')('an Idempotency-Key in Latin-1', vote(goodVote, { 'idempotency-key': 'é' })),
  invalidAt('idempotency-key')('an Idempotency-Key with a tab', vote(goodVote, { 'idempotency-key': 'a\tb' })),
  badBody('a list for a poll', poll([])),
  badBody('a text for a poll', poll('"RED"', JSON_TYPE)),
  badBody('null for a vote', vote(null)),
  badBody('no body for a vote', vote(undefined)),
];

const query: readonly Refusal[] = [
  ...['0', '-1', '+1', '%201', '01', '1.0', '1e1', '0x10', '101', '1000', '', 'ten', '%EF%BC%91', '%ff', '%zz'].map(
    (limit) => invalidAt('limit')(`a limit of "${limit}"`, get(`/polls?limit=${limit}`)),
  ),
  invalidAt('limit')('a limit without a value', get('/polls?limit')),
  invalidAt('limit')('two limits', get('/polls?limit=1&limit=1')),
  ...['', 'nonsense', '%00', '%ff', 'x'.repeat(1_025)].map((cursor) =>
    invalidAt('cursor')(`a cursor of ${shown(cursor)}`, get(`/polls?cursor=${cursor}`)),
  ),
  ...['page', 'Limit', '__proto__', 'constructor', 'toString', '%00', 'limit%5B%5D', '%zz'].map((name) =>
    refuse(400, 'INVALID_REQUEST')(`a query parameter ${name}`, get(`/polls?${name}=1`)),
  ),
  ...[
    ...[
      '',
      ',',
      'USD,',
      ',USD',
      'USD,,JPY',
      'USD;JPY',
      'USD,%20JPY',
      'USDJPY',
      'US',
      '%00',
      '%EF%BC%B5SD',
      '__proto__',
    ],
    ...['XAU', 'USD,XAG', 'XXX', 'XTS', 'XDR', 'ANG', 'BGN', 'CUC', 'HRK', 'BTC', 'ZZZ'],
    ...['Usd', 'USd', 'uSD', 'Gbp', 'gBp', 'GbX', 'USD,GBx', 'zAc', 'ILa'],
  ].flatMap((currencies) => [
    invalidAt('to')(`a conversion to "${currencies}"`, get(`/convert?amount=1&from=EUR&to=${currencies}`)),
    invalidAt('currencies')(`currencies of "${currencies}"`, get(`/stock/AMZN?currencies=${currencies}`)),
    invalidAt('currencies')(`rates for currencies of "${currencies}"`, get(`/rates?currencies=${currencies}`)),
  ]),
  ...['', 'XAU', 'BGN', 'Eur', 'EUR,USD', 'EURO', '%C4%B1nr'].flatMap((currency) => [
    invalidAt('base')(`rates with a base of "${currency}"`, get(`/rates?base=${currency}`)),
    invalidAt('from')(`a conversion from "${currency}"`, get(`/convert?amount=1&from=${currency}&to=USD`)),
  ]),
  ...['', '-1', '%2B1', '1e3', '.5', '5.', '01', '1,5', '1.123456789', '1234567890123456789', 'NaN'].map((amount) =>
    invalidAt('amount')(`a conversion of "${amount}"`, get(`/convert?amount=${amount}&from=EUR&to=USD`)),
  ),
  ...['', '9', '10', '-1', '00', '1.0', 'x'].flatMap((digits) => [
    invalidAt('digits')(`a value with "${digits}" digits`, get(`/stock/AMZN?digits=${digits}`)),
    invalidAt('digits')(`a conversion to "${digits}" digits`, get(`/convert?amount=1&from=EUR&digits=${digits}`)),
  ]),
  invalidAt('amount')('a conversion of nothing', get('/convert?from=EUR')),
  invalidAt('from')('a conversion from nothing', get('/convert?amount=1')),
  invalidAt('to')('two targets of a conversion', get('/convert?amount=1&from=EUR&to=USD&to=JPY')),
  invalidAt('digits')('digits of rates', get('/rates?digits=2')),
  invalidAt('currencies')('currencies twice', get('/stock/AMZN?currencies=USD&currencies=JPY')),
  invalidAt('base')('two bases', get('/rates?base=EUR&base=USD')),
  invalidAt('base')('a base for a value', get('/stock/AMZN?base=EUR')),
  invalidAt('symbols')('symbols for rates', get('/rates?symbols=USD')),
  invalidAt('limit')('a limit of 0 for stocks', get('/stock?limit=0')),
  invalidAt('cursor')('a bad cursor for stocks', get('/stock?cursor=nonsense')),
  invalidAt('x')('a query parameter for a stock', { ...stock(goodStock), url: '/stock/AMZN?x=1' }),
  invalidAt('x')('a query parameter where none is known', get('/polls/colors?x=1')),
  invalidAt('x')('a query parameter for results', get('/polls/colors/results?x=1')),
  invalidAt('x')('a query parameter for events', get('/polls/colors/results/events?x=1')),
  invalidAt('x')('a query parameter for a vote', { ...vote(goodVote), url: '/polls/colors/votes?x=1' }),
  invalidAt('x')('a query parameter for a close', {
    method: 'POST',
    url: '/polls/colors/close?x',
    headers: authorization,
  }),
  invalidAt('x')('a query parameter for the health', get('/healthz?x=1')),
  invalidAt('x')('a query parameter for the metrics', get('/metrics?x=1')),
];

const bodies: readonly Refusal[] = [
  ...[
    ['half of an object', '{"choice":"RED"'],
    ['a comma too many', '{"choice":"RED",}'],
    ['a comment', '{"choice":"RED"/**/}'],
    ['single quotes', "{'choice':'RED'}"],
    ['NaN', '{"choice":NaN}'],
    ['two documents', '{"choice":"RED"}{"choice":"RED"}'],
    ['a NUL behind it', '{"choice":"RED"}\0'],
    ['a bare newline in a text', '{"choice":"R\nED"}'],
    ['nothing', ''],
    ['white space alone', ' \r\n'],
    ['a body nested 201 deep', `{"choice":${nested(201)}}`],
    ['a body nested 30,000 deep', `{"choice":${nested(30_000)}}`],
    ['half of a surrogate pair', '{"choice":"\\ud83d"}'],
    ['half of a surrogate pair in a key', '{"choice":"RED","\\udc00":1}'],
    ['the key __proto__', '{"choice":"RED","__proto__":{"voter":"x"}}'],
    ['the key __proto__ in disguise', '{"choice":"RED","__pr\\u006fto__":null}'],
    ['the key __proto__ further inside', '{"choice":{"__proto__":1}}'],
  ].map(([what, text]) => badBody(`JSON with ${what}`, vote(text, JSON_TYPE))),
  invalidAt('choice')('JSON with a number beyond all bounds', vote('{"choice":1e999}', JSON_TYPE)),
  invalidAt('choice[1].id')(
    'JSON with a number of more digits than are kept',
    vote('{"choice":["12345678901234567890",{"id":12345678901234567890}]}', JSON_TYPE),
  ),
  ...[
    ['a broken sequence', [0x7b, 0xc3, 0x28, 0x7d]],
    ['an overlong NUL', [0x22, 0xc0, 0x80, 0x22]],
    ['a surrogate as bytes', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a code point beyond Unicode', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['half a character at its end', [0x22, 0x61, 0x22, 0xe2, 0x82]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ].flatMap(([what, bytes]) => [
    badBody(`JSON with ${what}`, vote(Buffer.from(bytes as number[]), JSON_TYPE)),
    badBody(`a form with ${what}`, sms(Buffer.from(bytes as number[]), FORM_TYPE)),
  ]),
  ...['Body=%zz', 'Body=%', 'Body=%ff', 'Body=%c0%80', '%ed%a0%80=1'].map((text) =>
    badBody(`a form of ${text}`, sms(text, FORM_TYPE)),
  ),
  ...['[]', 'null', '"x"', '{"a":1}', 'x', '{}{}', nested(30_000), '\ufeff[]'].flatMap((body) => [
    badBody(`a close with ${shown(body)}`, {
      method: 'POST',
      url: '/polls/colors/close',
      headers: authorization,
      body,
    }),
    badBody(`a list of polls asked for with ${shown(body)}`, { url: '/polls', headers: JSON_TYPE, body }),
  ]),
  ...[
    ['null', 'null'],
    ['a list', '[]'],
    ['half of an object', '{'],
    ['a list that does not end', '{"withoutRegions":["eu-west-1"'],
    ['two documents', '{}{}'],
  ].map(([what, text]) => badBody(`a close as JSON with ${what}`, close(text, JSON_TYPE))),
  badBody('a close with a region as another type', close('{"withoutRegions":[]}', { 'content-type': 'text/plain' })),
  badBody('a recount with bytes', {
    method: 'POST',
    url: '/polls/colors/recount',
    headers: { ...authorization, 'content-type': 'application/octet-stream' },
    body: Buffer.from([0xff]),
  }),
  tooLarge('JSON of 64 KiB and a byte', vote(`"${'x'.repeat(65_535)}"`, JSON_TYPE)),
  tooLarge('white space of 64 KiB and a byte around a vote', vote(`${' '.repeat(65_521)}{"choice":"RED"}`, JSON_TYPE)),
  tooLarge('a form of 64 KiB and a byte', sms(`Body=${'x'.repeat(65_532)}`, FORM_TYPE)),
  tooLarge('a close with 64 KiB and a byte', {
    method: 'POST',
    url: '/polls/colors/close',
    headers: authorization,
    body: ' '.repeat(65_537),
  }),
  wrongType('a vote without a content type', vote('{"choice":"RED"}')),
  ...[
    'text/plain',
    'text/json',
    'application/problem+json',
    'application/json-patch+json',
    'application/jsonx',
    'application/json, text/plain',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-16',
    'application/json; charset =latin1',
    'application/json; charset="utf-8"; charset=latin1',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'json',
    '/',
    ';',
    '__proto__',
  ].map((type) => wrongType(`a vote as ${type}`, vote('{"choice":"RED"}', { 'content-type': type }))),
  wrongType(
    'a close in Latin-1',
    close('{"withoutRegions":[]}', { 'content-type': 'application/json; charset=latin1' }),
  ),
  wrongType('an SMS as JSON', sms(goodSms)),
  wrongType('an SMS without a content type', sms(form(goodSms).toString())),
  wrongType('an SMS as multipart', sms('--x', { 'content-type': 'multipart/form-data; boundary=x' })),
  wrongType('an SMS in Latin-1', sms('Body=%e9', { 'content-type': `${FORM_TYPE['content-type']}; charset=latin1` })),
];

const methods: readonly Refusal[] = [
  ...['DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'MKCOL', 'PURGE', 'QUERY'].map((method) =>
    wrongMethod(`${method} of the polls`, { method, url: '/polls' }),
  ),
  wrongMethod('DELETE of a poll', { method: 'DELETE', url: '/polls/colors' }),
  wrongMethod('DELETE of a poll with a long id', { method: 'DELETE', url: `/polls/${'a'.repeat(2_000)}` }),
  wrongMethod('DELETE with a key in the wrong form and a query', { method: 'DELETE', url: '/polls/colors/close?x=1' }),
  wrongMethod('GET of the votes', get('/polls/colors/votes')),
  wrongMethod('GET of a close', get('/polls/colors/close')),
  wrongMethod('GET of the webhook', get('/webhooks/twilio/sms')),
  wrongMethod('POST of the stocks', { method: 'POST', url: '/stock', body: goodStock }),
  wrongMethod('DELETE of the stocks', { method: 'DELETE', url: '/stock' }),
  wrongMethod('POST of a conversion', { method: 'POST', url: '/convert', body: {} }),
  wrongMethod('PUT of the rates', { method: 'PUT', url: '/rates', body: {} }),
  wrongMethod('POST of the results', { method: 'POST', url: '/polls/colors/results', body: {} }),
  wrongMethod('POST of the dashboard', { method: 'POST', url: '/', body: {} }),
  wrongMethod('POST of the metrics', { method: 'POST', url: '/metrics' }),
  wrongMethod('PUT of an error', { method: 'PUT', url: '/errors/NOT_FOUND', body: {} }),
];

const paths: readonly Refusal[] = [
  ...[
    '/nope',
    '/polls/',
    '/stock/',
    '/stock/AMZN/',
    '/stocks',
    '/rates/EUR',
    '/polls//votes',
    '/polls/colors/',
    '/polls/colors/votes/x',
    '/polls/colors/results/events/',
    '/POLLS',
    '/polls.json',
    '/polls;x=1',
    '/%00',
    '/constructor',
    '/__proto__',
    '/index.php',
    '/.env',
    '/errors',
    '/errors/',
    '/errors/NOPE',
    '/errors/not_found',
    '/errors/__proto__',
    '/errors/constructor',
    '/errors/toString',
    `/errors/${'A'.repeat(3_000)}`,
    '/docs/static/nope.js',
    `/${'a'.repeat(8_000)}`,
  ].map((url) => notFound(`the path ${url.slice(0, 40)}`, get(url))),
  notFound('POST of a path that is not there', { method: 'POST', url: '/nope', body: {} }),
  notFound('TRACE of a path that is not there', { method: 'TRACE', url: '/nope' }),
  ...['/%zz', '/%', '/polls/%ff', '/polls/%c0%ae', '/polls/%ed%a0%80', '/polls/%E0%A4%A'].map((url) =>
    invalidAt('path')(`the path ${url}`, get(url)),
  ),
  ...[
    '-a',
    '_a',
    '__proto__',
    'a%20b',
    'a%2Fb',
    'a%00',
    'caf%C3%A9',
    '%2e%2e%2fx',
    'a'.repeat(65),
    'a'.repeat(8_000),
  ].map((id) => invalidAt('pollId')(`the poll id ${shown(id)}`, get(`/polls/${id}`))),
  ...['nope', 'constructor', 'toString', 'hasOwnProperty', 'a'.repeat(64)].flatMap((id) => [
    noPoll(`the poll ${id.slice(0, 20)}`, get(`/polls/${id}`)),
    noPoll(`results of the poll ${id.slice(0, 20)}`, get(`/polls/${id}/results`)),
    noPoll(`events of the poll ${id.slice(0, 20)}`, get(`/polls/${id}/results/events`)),
    noPoll(`a vote in the poll ${id.slice(0, 20)}`, { method: 'POST', url: `/polls/${id}/votes`, body: goodVote }),
    noPoll(`a close of the poll ${id.slice(0, 20)}`, {
      method: 'POST',
      url: `/polls/${id}/close`,
      headers: authorization,
    }),
    noPoll(`a recount of the poll ${id.slice(0, 20)}`, {
      method: 'POST',
      url: `/polls/${id}/recount`,
      headers: authorization,
    }),
  ]),
];

const keyed = (headers: Record<string, string>): HttpRequest => ({
  method: 'POST',
  url: '/polls/colors/recount',
  headers,
});
const keys: readonly Refusal[] = [
  unauthorized('no key', keyed({})),
  unauthorized('a wrong key', keyed({ authorization: `Bearer ${KEY.replace('0', '1')}` })),
  unauthorized('a key that is too short', keyed({ authorization: `Bearer ${KEY.slice(0, -1)}` })),
  unauthorized('a key that is too long', keyed({ authorization: `Bearer ${KEY}x` })),
  unauthorized('a key in capitals', keyed({ authorization: `Bearer ${KEY.toUpperCase()}` })),
  unauthorized('a key without a scheme', keyed({ authorization: KEY })),
  unauthorized('a scheme without a key', keyed({ authorization: 'Bearer' })),
  unauthorized('an empty Authorization', keyed({ authorization: '' })),
  unauthorized('the Basic scheme', keyed({ authorization: `Basic ${Buffer.from(`test:${KEY}`).toString('base64')}` })),
  unauthorized('the Basic scheme with the key as it is', keyed({ authorization: `Basic ${KEY}` })),
  unauthorized('the key with its name', keyed({ authorization: `Bearer test=${KEY}` })),
  unauthorized('two keys in one header', keyed({ authorization: `Bearer ${KEY}, Bearer ${KEY}` })),
  unauthorized('a wrong x-api-key', keyed({ 'x-api-key': 'wrong-key-0123456789' })),
  unauthorized('an empty x-api-key', keyed({ 'x-api-key': '' })),
  unauthorized('an x-api-key with a scheme', keyed({ 'x-api-key': `Bearer ${KEY}` })),
  unauthorized('both headers wrong', keyed({ authorization: 'Bearer wrong-key-0123456789', 'x-api-key': 'wrong' })),
  unauthorized('__proto__ as key', keyed({ authorization: 'Bearer __proto__' })),
  unauthorized('the key in the query', { ...keyed({}), url: `/polls/colors/recount?key=${KEY}` }),
  unauthorized('a poll without a key', { method: 'POST', url: '/polls', body: goodPoll }),
  unauthorized('a stock without a key', { method: 'PUT', url: '/stock/AMZN', body: goodStock }),
  unauthorized('deleting a stock without a key', { method: 'DELETE', url: '/stock/AMZN' }),
  unauthorized('a close without a key', { method: 'POST', url: '/polls/colors/close' }),
];

const content: readonly Refusal[] = [
  ...['rouge', '__proto__', 'constructor', 'toString', ' ', '\0', '\u202e', '\u200b', 'x'.repeat(60_000)].map(
    (choice) => unknownChoice(`a vote for ${shown(choice)}`, vote({ choice })),
  ),
  ...['amzn', 'NONE', 'BRK.B', 'a..', 'constructor', 'toString', 'x'.repeat(64)].flatMap((stockId) => [
    noStock(`a stock ${shown(stockId)}`, get(`/stock/${stockId}`)),
    noStock(`deleting a stock ${shown(stockId)}`, {
      method: 'DELETE',
      url: `/stock/${stockId}`,
      headers: authorization,
    }),
  ]),
  noRate('a value in a currency without a rate', get('/stock/AMZN?currencies=HTG,EUR')),
  noRate('a conversion to a currency without a rate', get('/convert?amount=1&from=EUR&to=HTG')),
  noRate('a conversion from a currency without a rate', get('/convert?amount=1&from=HTG&to=USD')),
  noRate('a rate that is not there', get('/rates?currencies=HTG')),
  noRate('a base without a rate', get('/rates?base=HTG')),
  refuse(409, 'VOTES_POLL_EXISTS')('a poll id that is taken', poll({ ...goodPoll, pollId: 'colors' })),
];

/** Requests that are wrong in one way. The poll `colors` is there and open. */
export const refusals: readonly Refusal[] = [...fields, ...query, ...bodies, ...methods, ...paths, ...keys, ...content];

const huge = 'x'.repeat(70_000);

/** Requests that are wrong in several ways: the first of path, method, key, type, size, content and state counts. */
export const orderOfRefusals: readonly Refusal[] = [
  notFound('a path before all else', { method: 'TRACE', url: '/nope?limit=0', headers: { 'content-type': ';' } }),
  notFound('a path before size', { method: 'POST', url: '/nope', headers: JSON_TYPE, body: huge }),
  wrongMethod('a method before key, type and size', { method: 'PUT', url: '/polls/-/close?x', body: huge }),
  wrongMethod('a method before content', { method: 'DELETE', url: '/polls/__proto__?x=1' }),
  unauthorized('a key before type and size', {
    method: 'POST',
    url: '/polls',
    headers: { 'content-type': 'text/plain' },
    body: huge,
  }),
  unauthorized('a key before content', { method: 'POST', url: '/polls?x=1', body: { question: 5 } }),
  unauthorized('a key before the poll', { method: 'POST', url: '/polls/nope/close' }),
  unauthorized('a key before the form of an id', { method: 'POST', url: '/polls/__proto__/close', body: '[' }),
  wrongType('a type before size', {
    method: 'POST',
    url: '/polls/nope/votes',
    headers: { 'content-type': 'text/plain' },
    body: huge,
  }),
  wrongType('a type before content', { ...sms(form({}), { 'content-type': 'text/plain' }) }),
  wrongType('a type before the form of an id', {
    method: 'POST',
    url: '/polls/__proto__/votes',
    headers: { 'content-type': 'text/plain' },
    body: '{}',
  }),
  tooLarge('size before content', {
    method: 'POST',
    url: '/polls?x=1',
    headers: { ...authorization, ...JSON_TYPE },
    body: huge,
  }),
  tooLarge('size before the form of an id', {
    method: 'POST',
    url: '/polls/__proto__/votes',
    headers: JSON_TYPE,
    body: huge,
  }),
  tooLarge('size before state', { method: 'POST', url: '/polls/nope/votes', headers: JSON_TYPE, body: huge }),
  badBody('content before state', { method: 'POST', url: '/polls/nope/votes', headers: JSON_TYPE, body: '{' }),
  invalidAt('choice')('a field before state', { method: 'POST', url: '/polls/nope/votes', body: { choice: 5 } }),
  invalidAt('x')('a query parameter before state', { method: 'POST', url: '/polls/nope/votes?x=1', body: goodVote }),
  invalidAt('question')(
    'a field before a poll id that is taken',
    poll({ pollId: 'colors', question: '', choices: ['A', 'B'] }),
  ),
  invalidAt('choices[0]')(
    'a rule before a poll id that is taken',
    poll({ pollId: 'colors', question: '?!', choices: ['STOP', 'B'], smsNumber: '+15005550100' }),
  ),
];
