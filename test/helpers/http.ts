import type { FastifyInstance } from 'fastify';

/** A request as data, for whatever way of sending it. */
export interface HttpRequest {
  readonly method?: string;
  /** Path and query. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes go out as they are, anything else as JSON, or as a form where it is a `URLSearchParams`. */
  readonly body?: unknown;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A way to the service: `inject`, a socket, a Lambda handler. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

export interface EncodedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** The request with its body as bytes and the content type that belongs to it, unless it says another. */
export function encode({ method = 'GET', url, headers = {}, body }: HttpRequest): EncodedRequest {
  if (body === undefined) return { method, url, headers, body };
  if (typeof body === 'string' || body instanceof Uint8Array)
    return { method, url, headers, body: Buffer.from(body as string) };
  const isForm = body instanceof URLSearchParams;
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  const text = isForm ? body.toString() : JSON.stringify(body);
  return { method, url, headers: { 'content-type': type, ...headers }, body: Buffer.from(text) };
}

export const injecting =
  (app: FastifyInstance): Send =>
  async (request) => {
    const { method, url, headers, body } = encode(request);
    const answer = await app.inject({ method: method as 'GET', url, headers, payload: body });
    return { status: answer.statusCode, headers: answer.headers as HttpAnswer['headers'], body: answer.body };
  };
