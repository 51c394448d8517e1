import { STATUS_CODES } from 'node:http';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import type { Logger } from 'pino';
import { invalidRequest } from '../../domain/shared/domain-error.ts';
import { type ProblemTable, problemDetails } from './problems.ts';

/** What Node gives up before there is a request, by its names for it. Whatever else it gives up is not HTTP. */
const NODE_CODES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'BODY_TOO_LARGE',
};

const MALFORMED = invalidRequest({ path: 'request', message: 'is not one that HTTP/1.1 and this service know' });

export interface ClientErrorOptions {
  readonly problems: ProblemTable;
  /** What stands in front of the routes in the public address. */
  readonly publicPath: string;
  /** Headers of every answer. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly logger: Logger;
  readonly nextId: () => string;
}

/** Answers bytes that never became a request like any other mistake: with problem details and a request id. */
export const clientErrorHandler =
  (options: ClientErrorOptions): NonNullable<FastifyServerOptions['clientErrorHandler']> =>
  (error, socket) => {
    // The client is gone, so there is nobody to tell.
    if (error.code === 'ECONNRESET' || !socket.writable) return;
    const code = NODE_CODES[error.code] ?? MALFORMED.code;
    const problem = options.problems[code] as ProblemTable[string];
    const details = code === MALFORMED.code ? MALFORMED : undefined;
    const body = JSON.stringify(problemDetails(options.publicPath, code, problem, details));
    const requestId = options.nextId();
    const headers = {
      ...options.headers,
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
      'x-request-id': requestId,
      date: new Date().toUTCString(),
      connection: 'close',
    };
    options.logger.info(
      { requestId, status: problem.status, reason: error.code ?? error.message },
      'malformed request',
    );
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${head.join('')}\r\n${body}`);
    socket.destroySoon();
  };

/** Hands over to the service what Node would otherwise answer by itself, without a word of explanation. */
export function answerEverything({ server }: FastifyInstance): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (_, socket) => server.emit('clientError', new Error('CONNECT'), socket));
}
