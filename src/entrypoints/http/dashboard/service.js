import { apiKey } from './api-key.js';

/**
 * @import { Static } from 'typebox'
 * @import { ProblemBody } from '../schemas.ts'
 */

/** Where the service is: the folder that this page came from, so that a path in front of it does no harm. */
const home = new URL('.', document.baseURI);

const TIMEOUT_MS = 8_000;
/** Somebody sits in front of this page: longer than this it does not wait, whatever it is told. */
const LONGEST_WAIT_MS = 30_000;

/**
 * @param {string} [cursor] of the page; the first without
 * @param {number} [limit] how many entries are asked for at once
 */
export const pageQuery = (cursor, limit = 50) =>
  new URLSearchParams({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) });

/** A new identity for something that is sent: it happens once, however often it arrives. */
export const newIdentity = () =>
  `web-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;

/** @param {string} path without a leading slash */
export const serviceUrl = (path) => new URL(path, home).href;

/**
 * Why a request failed, in words for a person.
 */
export class Problem extends Error {
  /**
   * @param {string} message
   * @param {object} [facts]
   * @param {number} [facts.status] absent when no answer came
   * @param {string} [facts.code]
   * @param {readonly { path: string, message: string }[]} [facts.errors] what is wrong with which field
   * @param {number} [facts.retryAfterMs]
   */
  constructor(message, { status, code, errors = [], retryAfterMs = 0 } = {}) {
    super(message);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the service knows that there is no such thing. */
  get isAbsence() {
    return this.status === 404 && this.code !== undefined;
  }

  /** Whether the same request may succeed later. */
  get isPassing() {
    return this.status === undefined || this.status === 429 || (this.status >= 500 && this.status !== 501);
  }
}

/**
 * Asks the service.
 *
 * @param {'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} method
 * @param {string} path without a leading slash
 * @param {object} [options]
 * @param {unknown} [options.body] sent as JSON
 * @param {Record<string, string>} [options.headers]
 * @param {boolean} [options.withKey] sends the API key along
 * @param {number} [options.timeoutMs]
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<{ status: number, headers: Headers, body: unknown }>} an answer below 400; 204 and 304 have no body
 * @throws {Problem}
 */
export async function request(method, path, { body, headers = {}, withKey, timeoutMs = TIMEOUT_MS, signal } = {}) {
  const key = withKey ? apiKey.value : undefined;
  // AbortSignal.any and AbortSignal.timeout do the same in fewer lines, and are missing on phones of 2022.
  const ending = new AbortController();
  const end = () => ending.abort();
  // Made outside of the try: what is wrong with a request is a fault of this page, not of the network.
  const asking = new Request(serviceUrl(path), {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: 'no-store',
    signal: ending.signal,
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, timeoutMs);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  let response;
  let text;
  try {
    response = await fetch(asking);
    text = await response.text();
  } catch {
    throw new Problem(isLate ? 'The service does not answer.' : 'The service cannot be reached.');
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
  const answer = parse(text);
  if (response.status >= 400) throw problemOf(response, answer);
  if (answer === undefined && response.status !== 204 && response.status !== 304)
    throw new Problem('The answer was not understood. Is there something between this page and the service?');
  return { status: response.status, headers: response.headers, body: answer };
}

/**
 * @param {string} text
 * @returns {unknown} undefined where the text is not JSON
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {Response} response
 * @param {unknown} answer
 */
function problemOf({ status, headers }, answer) {
  const retryAfterMs = Math.min(LONGEST_WAIT_MS, 1_000 * (Number(headers.get('retry-after')) || 0));
  // Something in between, such as a gateway, answers in its own way.
  if (!headers.get('content-type')?.startsWith('application/problem+json'))
    return new Problem(`The service answered with status ${status}.`, { status, retryAfterMs });
  const { detail, code, errors } = /** @type {Partial<Static<typeof ProblemBody>>} */ (answer ?? {});
  return new Problem(detail ?? `The service answered with status ${status}.`, { status, code, errors, retryAfterMs });
}
