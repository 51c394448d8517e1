import { expect } from '@jest/globals';
import { authorization } from '../helpers/embedded-app.ts';
import type { HttpRequest } from '../helpers/http.ts';
import type { Exchange } from './scenario.ts';

export const get = (url: string, headers: HttpRequest['headers'] = {}): HttpRequest => ({ url, headers });
export const send = (method: string, url: string, body?: unknown, headers: HttpRequest['headers'] = {}) => ({
  method,
  url,
  headers,
  body,
});
export const withKey = (method: string, url: string, body?: unknown, headers: HttpRequest['headers'] = {}) =>
  send(method, url, body, { ...authorization, ...headers });

/** @param path what `errors` must name */
export const refused = (
  request: Exchange['request'],
  status: number,
  code: string,
  path?: string,
  headers: Exchange['headers'] = {},
): Exchange => ({
  request,
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: {
    type: `/errors/${code}`,
    status,
    code,
    ...(path === undefined ? {} : { errors: expect.arrayContaining([expect.objectContaining({ path })]) }),
  },
});
export const invalid = (request: HttpRequest, path: string): Exchange => refused(request, 400, 'INVALID_REQUEST', path);
/** What a request answers that has nothing to say. */
export const nothing = (request: HttpRequest): Exchange => ({
  request,
  status: 204,
  body: '',
  differences: [
    {
      runtimes: ['deployed stack'],
      because: 'the gateway names a type and a length also of what has no body',
      headers: { 'content-type': 'application/json', 'content-length': '0' },
    },
  ],
});
