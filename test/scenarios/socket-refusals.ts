import { KEY } from '../helpers/embedded-app.ts';

/** Bytes that no HTTP library would send, and the refusal that they meet. */
export interface SocketRefusal {
  readonly what: string;
  readonly bytes: string | Buffer;
  readonly status: number;
  readonly code: string;
  readonly path?: string;
  /** Whether the client closes its side at once. */
  readonly end?: boolean;
}

const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const voteHead = (...lines: readonly string[]): string =>
  head('POST /polls/colors/votes HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Type: application/json', ...lines);
const get = (target: string, ...lines: readonly string[]): string =>
  head(`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines);

const refuse =
  (status: number, code: string, path?: string) =>
  (what: string, bytes: string | Buffer, end?: boolean): SocketRefusal => ({ what, bytes, status, code, path, end });
const notHttp = refuse(400, 'INVALID_REQUEST', 'request');
const badHost = refuse(400, 'INVALID_REQUEST', 'host');
const badId = refuse(400, 'INVALID_REQUEST', 'pollId');
const badPath = refuse(400, 'INVALID_REQUEST', 'path');
const notFound = refuse(404, 'NOT_FOUND');
const tooLarge = refuse(413, 'BODY_TOO_LARGE');
const unauthorized = refuse(401, 'UNAUTHORIZED');
const wrongType = refuse(415, 'UNSUPPORTED_MEDIA_TYPE');
const tooMuchHead = refuse(431, 'HEADERS_TOO_LARGE');

export const socketRefusals: readonly SocketRefusal[] = [
  notHttp('a line of garbage', 'garbage\r\n\r\n'),
  notHttp('bytes of a TLS greeting', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])),
  notHttp('bytes of an HTTP/2 greeting', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  notHttp('NULs', Buffer.alloc(64)),
  notHttp('a method in lower case', head('get /polls HTTP/1.1', 'Host: x')),
  notHttp('a method that nobody knows', head('VOTE /polls HTTP/1.1', 'Host: x')),
  notHttp('CONNECT', head('CONNECT example.org:443 HTTP/1.1', 'Host: example.org:443')),
  notHttp('a version that nobody knows', head('GET /polls HTTP/9.9', 'Host: x')),
  badHost('no version', 'GET /polls\r\n\r\n'),
  notHttp('a space in the path', get('/polls /x')),
  notHttp('a NUL in the path', get('/polls\0')),
  notHttp('line feeds alone', 'GET /polls HTTP/1.1\nHost: x\n\n'),
  notHttp('carriage returns alone', 'GET /polls HTTP/1.1\rHost: x\r\r'),
  notHttp('a header without a colon', get('/polls', 'x-request-id')),
  notHttp('a header with a space before its colon', get('/polls', 'x-request-id : a')),
  notHttp('a header without a name', get('/polls', ': a')),
  notHttp('a folded header', get('/polls', 'x-request-id: a', ' b')),
  notHttp('a NUL in a header', get('/polls', 'x-request-id: a\0b')),
  notHttp('a carriage return in a header', get('/polls', 'x-request-id: a\rset-cookie: b')),
  notHttp('a request that ends within its head', 'GET /polls HTTP/1.1\r\nHost: x', true),
  notHttp('a body that ends before its Content-Length', `${voteHead('Content-Length: 50')}{"choice":"RED"}`, true),
  notHttp(
    'a chunked body that never ends',
    `${voteHead('Transfer-Encoding: chunked')}10\r\n{"choice":"RED"}\r\n`,
    true,
  ),
  notHttp('a chunk with a size in no hex', `${voteHead('Transfer-Encoding: chunked')}xyz\r\n`),
  notHttp(
    'a chunk that is longer than its size',
    `${voteHead('Transfer-Encoding: chunked')}2\r\n{"choice":"RED"}\r\n0\r\n\r\n`,
  ),
  notHttp('a chunk with a size beyond all bounds', `${voteHead('Transfer-Encoding: chunked')}fffffffffffffffff\r\n`),
  notHttp(
    'Content-Length and Transfer-Encoding',
    `${voteHead('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ),
  notHttp(
    'Transfer-Encoding and Content-Length',
    `${voteHead('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n`,
  ),
  notHttp('two Content-Lengths', `${voteHead('Content-Length: 16', 'Content-Length: 17')}{"choice":"RED"}`),
  notHttp('a Content-Length of text', voteHead('Content-Length: ten')),
  notHttp('a negative Content-Length', voteHead('Content-Length: -1')),
  notHttp('a Content-Length with a plus', voteHead('Content-Length: +16')),
  notHttp('a Content-Length beyond all bounds', voteHead('Content-Length: 99999999999999999999999')),
  notHttp('a Transfer-Encoding that nobody knows', `${voteHead('Transfer-Encoding: xchunked')}0\r\n\r\n`),
  notHttp('a Transfer-Encoding with chunked first', `${voteHead('Transfer-Encoding: chunked, gzip')}0\r\n\r\n`),
  badHost('no Host', head('GET /polls HTTP/1.1', 'Connection: close')),
  badHost('two Hosts', get('/polls', 'Host: y')),
  notFound('no Host in HTTP/1.0, where none is needed', head('GET /nope HTTP/1.0')),
  tooMuchHead('a header of 20 KB', get('/polls', `x: ${'a'.repeat(20_000)}`)),
  tooMuchHead(
    'two thousand headers',
    get('/polls', ...Array.from({ length: 2_000 }, (_, index) => `x-${index}: value`)),
  ),
  tooMuchHead('a path of 20 KB', get(`/${'a'.repeat(20_000)}`)),
  tooLarge('a Content-Length over the limit and not a byte of it', voteHead('Content-Length: 65537')),
  tooLarge(
    'a chunked body over the limit',
    `${voteHead('Transfer-Encoding: chunked')}10001\r\n${'x'.repeat(65_537)}\r\n0\r\n\r\n`,
  ),
  tooLarge(
    'chunk extensions of 20 KB',
    `${voteHead('Transfer-Encoding: chunked')}1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`,
  ),
  ...[
    '//polls',
    '/./polls',
    '/../polls',
    '/%2e%2e/polls',
    '/%2E%2E%2Fpolls',
    '/..;/polls',
    '/polls/../polls',
    '/polls%2F',
    '/polls%00',
    '/docs/static/..%2f..%2fpackage.json',
    '/C:/Windows/win.ini',
    'http://example.org/nope',
  ].map((target) => notFound(`the target ${target}`, get(target))),
  ...[
    '/docs/static/../../package.json',
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static/%2e%2e%5c%2e%2e%5cpackage.json',
    '/docs/static/%00',
  ].map((target) => notFound(`the file ${target}`, get(target))),
  badId('a poll of two dots', get('/polls/..')),
  badPath('OPTIONS of everything', head('OPTIONS * HTTP/1.1', 'Host: x', 'Connection: close')),
  badPath('GET of everything', get('*')),
  notHttp('a target without a slash', get('polls')),
  badPath('a target of another scheme', get('file:///etc/passwd')),
  notHttp('bytes beyond ASCII in the path', get('/polls/caf\xe9')),
  unauthorized(
    'two Authorizations, the first right',
    head(
      'POST /polls/colors/recount HTTP/1.1',
      'Host: x',
      'Connection: close',
      `Authorization: Bearer ${KEY}`,
      'Authorization: Bearer wrong-key-0123456789',
    ),
  ),
  wrongType('two content types', `${voteHead('Content-Type: text/plain', 'Content-Length: 16')}{"choice":"RED"}`),
  wrongType(
    'a chunked body without a content type',
    `${head('POST /polls/colors/votes HTTP/1.1', 'Host: x', 'Connection: close', 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`,
  ),
];
