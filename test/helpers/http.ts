import { isUtf8 } from 'node:buffer';
import { request as httpRequest } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/** A request as data, for whatever way of sending it. */
export interface HttpRequest {
  readonly method?: string;
  /** Path and query. */
  readonly url: string;
  /** A list stands for copies of a header. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Text and bytes go out as they are, anything else as JSON, or as a form where it is a `URLSearchParams`. */
  readonly body?: unknown;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As {@link textOf} reads it. */
  readonly body: string;
}

/** A way to the service: `inject`, a socket, a Lambda handler. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

export interface EncodedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
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

/** Text, or base64 where the bytes are none: a picture that was taken for text on its way shows. */
export const textOf = (bytes: Buffer): string => (isUtf8(bytes) ? bytes.toString() : bytes.toString('base64'));

/** The whole body; of a stream of events, which never ends, what comes up to the end of the first. */
async function read(stream: Readable, type: string | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    if (type === 'text/event-stream' && /\ndata: .*\n\n/.test(chunks.join(''))) break;
  }
  return textOf(Buffer.concat(chunks));
}

export const injecting =
  (app: FastifyInstance): Send =>
  async (request) => {
    const { method, url, headers, body } = encode(request);
    const sent = { method: method as 'GET', url, headers, payload: body, payloadAsStream: true } as const;
    const answer = await app.inject(sent);
    const answerHeaders = answer.headers as HttpAnswer['headers'];
    const text = await read(answer.stream(), answerHeaders['content-type']);
    // Of a stream of events there would be more to come: this client leaves, as one on a socket does.
    answer.raw.res.destroy();
    return { status: answer.statusCode, headers: answerHeaders, body: text };
  };

/** Over connections that are kept open, as most clients have them. @param address without a path */
export const sendingTo =
  (address: string): Send =>
  (request) =>
    new Promise((resolve, reject) => {
      const { method, url, headers, body } = encode(request);
      const { hostname, port } = new URL(address);
      const length = body ? { 'content-length': body.length } : {};
      httpRequest({ hostname, port, method, path: url, headers: { ...length, ...headers } }, (answer) => {
        const answerHeaders = answer.headers as HttpAnswer['headers'];
        read(answer, answerHeaders['content-type']).then(
          (text) => resolve({ status: answer.statusCode ?? 0, headers: answerHeaders, body: text }),
          reject,
        );
      })
        .on('error', reject)
        .end(body);
    });
