import type { DomainError } from '../../domain/shared/domain-error.ts';

/** What a code means to whoever meets it. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  /** What a person can do about it. */
  readonly advice: string;
  /**
   * A 5xx that says nothing of the state of the service, so that everybody is told what it is, and the log and its alarms
   * are not.
   */
  readonly isExpected?: true;
}

/** Whether somebody who runs the service has to look after it. */
export const isFailure = ({ status, isExpected }: Problem): boolean => status >= 500 && !isExpected;

export type ProblemTable = Readonly<Record<string, Problem>>;

/** Codes that any route may answer with. Each context has a table of its own beside its routes. */
export const generalProblems: ProblemTable = {
  INVALID_REQUEST: {
    status: 400,
    title: 'The request is not valid',
    advice: 'Correct what `errors` lists and send the request again; `path` names the field, parameter or header.',
  },
  UNAUTHORIZED: {
    status: 401,
    title: 'An API key or a token is needed',
    advice:
      'Send one of the keys of `API_KEYS` as `Authorization: Bearer <key>` or `x-api-key: <key>`, or a bearer token of one of ' +
      '`TOKEN_ISSUERS` that has not expired; why a token does not count stands in the log.',
  },
  FORBIDDEN: {
    status: 403,
    title: 'The request is refused',
    advice:
      'The policies do not allow it to the key or token: `GET /access` says what they do allow, and the log which statement ' +
      'refused it. The webhook takes only requests that Twilio signed: check `TWILIO_AUTH_TOKEN` and `PUBLIC_BASE_URL`; a ' +
      'warning in the log names the addresses that were checked. The voting page takes its own forms alone: open it anew, ' +
      'and vote there.',
  },
  NOT_FOUND: {
    status: 404,
    title: 'There is nothing at this path',
    advice: 'Check the path against `/docs`. Paths are case-sensitive and have no closing slash.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'This path does not take this method',
    advice: 'Use one of the methods that the `Allow` header lists.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    title: 'The request did not arrive in time',
    advice: 'Send the head of a request within 10 seconds and all of it within 30, on a new connection.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    title: 'It is not as the request expects',
    advice:
      'Somebody else has changed it, or it is there already or not yet. Read it again, and send the change with the `ETag` ' +
      'that it has now in `If-Match`.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: 'The body is too large',
    advice: 'Send at most 64 KiB; a batch of tasks may have 1 MiB.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'This content type is not understood here',
    advice:
      'Send `Content-Type: application/json` in UTF-8; the SMS webhook takes `application/x-www-form-urlencoded`.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'This identity was used before with other content',
    advice: 'Repeat a request with exactly the content it had the first time, or choose a new key for new content.',
  },
  UPGRADE_REQUIRED: {
    status: 426,
    title: 'This path takes WebSockets',
    advice: 'Connect with a WebSocket client of version 13 (RFC 6455); every browser has one.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: 'Too many requests',
    advice:
      'Send the request again after as many seconds as `Retry-After` says. `violated-policies` names the limits in `LIMITS` ' +
      'that were exceeded; `RateLimit` tells, on answers of limited routes, how many requests are left.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The headers are too large',
    advice: 'Send a path and headers of at most 16 KiB together.',
  },
  INTERNAL: {
    status: 500,
    title: 'Something went wrong inside the service',
    advice: 'Send the same request again. If it fails again, look for its `x-request-id` in the log.',
  },
  NOT_IMPLEMENTED: {
    status: 501,
    title: 'This way of running the service cannot do that',
    advice:
      'Server-sent events and sockets need the container; behind API Gateway poll with `If-None-Match`, and connect sockets of ' +
      'flags to the output `SocketUrl` of the stack.',
    isExpected: true,
  },
  STORE_UNAVAILABLE: {
    status: 503,
    title: 'The store cannot answer just now',
    advice: 'Send the same request again after `Retry-After` seconds. Nothing is lost, and nothing is counted twice.',
  },
};

/**
 * RFC 9457 problem details. A failure of the service says no more than its table entry does.
 *
 * @param publicPath what stands in front of the routes in the public address
 */
export const problemDetails = (publicPath: string, code: string, problem: Problem, error?: DomainError) => ({
  type: `${publicPath}/errors/${code}`,
  title: problem.title,
  status: problem.status,
  detail: isFailure(problem) ? problem.advice : (error?.message ?? problem.advice),
  code,
  ...(error?.issues.length ? { errors: error.issues } : {}),
  ...error?.extensions,
});
