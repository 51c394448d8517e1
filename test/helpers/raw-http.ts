import { connect } from 'node:net';
import { encode, type HttpAnswer, type Send } from './http.ts';

export interface RawOptions {
  /** Whether the client closes its side after the last byte. */
  readonly end?: boolean;
  readonly withinMs?: number;
}

/**
 * Writes bytes to a server and reads until it closes the connection.
 *
 * @returns what came back; empty if the server closed without a word
 * @throws Error when the connection is still open after `withinMs`
 */
export function exchangeBytes(port: number, bytes: string | Buffer, options: RawOptions = {}): Promise<string> {
  const { end = false, withinMs = 5_000 } = options;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
      if (end) socket.end();
    });
    const received = () => Buffer.concat(chunks).toString('utf8');
    const timer = setTimeout(() => {
      reject(new Error(`still open after ${withinMs} ms; received: ${received()}`));
      socket.destroy();
    }, withinMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    // A server that refuses a body closes while the client still writes; what it said before counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received());
    });
  });
}

/** Parses the first answer in what a server sent; its body is everything behind the head. */
export function parseAnswer(text: string): HttpAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? 0);
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const fields = Object.fromEntries(headers);
  const body = rest.join('\r\n\r\n');
  return { status, headers: fields, body: fields['transfer-encoding'] === 'chunked' ? withoutChunks(body) : body };
}

/** RFC 9112 §7.1, without trailers. */
function withoutChunks(text: string): string {
  const parts: Buffer[] = [];
  for (let rest = Buffer.from(text); ; ) {
    const line = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.subarray(0, line).toString(), 16);
    if (line < 0 || !(size > 0)) return Buffer.concat(parts).toString();
    parts.push(rest.subarray(line + 2, line + 2 + size));
    rest = rest.subarray(line + 2 + size + 2);
  }
}

/** Sends requests byte by byte as they are given: no library has a chance to mend them on the way. */
export const overSocket =
  (port: number): Send =>
  async (request) => {
    const { method, url, headers, body } = encode(request);
    const all = {
      host: `127.0.0.1:${port}`,
      connection: 'close',
      ...(body ? { 'content-length': String(body.length) } : {}),
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}: ${value}\r\n`),
    );
    const head = Buffer.from(`${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
    return parseAnswer(await exchangeBytes(port, body ? Buffer.concat([head, body]) : head));
  };
