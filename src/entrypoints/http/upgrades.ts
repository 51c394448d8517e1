import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import { DomainError, invalidRequest } from '../../domain/shared/domain-error.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Makes a WebSocket of a request that a route takes; nothing else may be answered then.
     *
     * @param protocol that is agreed on where the client offers it
     * @returns undefined where the client has left meanwhile
     * @throws DomainError `UPGRADE_REQUIRED`, `INVALID_REQUEST`; `FORBIDDEN` for a page of an origin that may not call the API
     */
    upgrade: (request: FastifyRequest, reply: FastifyReply, protocol: string) => Promise<WebSocket | undefined>;
  }
}

export interface UpgradesOptions {
  /** @param url as it was sent */
  readonly takesSockets: (url: string) => boolean;
  readonly publicUrls?: readonly string[] | undefined;
  readonly corsOrigins?: readonly string[] | undefined;
}

/** A connection that was taken from the HTTP server, with what came after the head. */
interface Taken {
  readonly socket: Socket;
  readonly rest: Buffer;
}

const VERSION = '13';
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** As the body of a request. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/**
 * Takes WebSockets, for routes that do. A request for one passes the same hooks as any other, and is answered like any other
 * where it is refused; only what its route takes is upgraded:
 *
 *     upgrade ─▶ hooks ─▶ route ─▶ app.upgrade() ─▶ 101
 *                  └───────┴──────────────┴─▶ problem details, connection destroyed
 *
 * As soon as somebody listens to upgrades, Node answers no request itself that offers any, such as HTTP/2 by Java's client.
 * An offer that nobody wants may be passed over (RFC 9110 §7.8): such requests are given back to the server without it.
 */
export function takeUpgrades(app: FastifyInstance, options: UpgradesOptions): void {
  const { takesSockets, publicUrls = [], corsOrigins = [] } = options;
  const taken = new WeakMap<IncomingMessage, Taken>();
  const origins = new Set([...publicUrls.map((url) => new URL(url).origin), ...corsOrigins]);

  app.server.on('upgrade', (request, duplex, rest) => {
    // Of an HTTP server over TCP.
    const socket = duplex as Socket;
    const destroy = (): void => void socket.destroy();
    socket.on('error', destroy);
    const isWanted = request.method === 'GET' && isWebSocket(request);
    if (!isWanted || !takesSockets(request.url ?? '')) {
      socket.removeListener('error', destroy);
      giveBack(app, request, socket, rest);
      return;
    }
    taken.set(request, { socket, rest });
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => {
      response.detachSocket(socket);
      socket.destroySoon();
    });
    app.server.emit('request', request, response);
  });

  app.decorate('upgrade', async (request, reply, protocol) => {
    const { raw, headers } = request;
    const connection = taken.get(raw);
    if (!connection || headers['sec-websocket-version'] !== VERSION) {
      reply.headers({ upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': VERSION });
      throw new DomainError('UPGRADE_REQUIRED', 'This path takes WebSockets of version 13 alone.');
    }
    if (!KEY.test(headers['sec-websocket-key'] ?? ''))
      throw invalidRequest({ path: 'sec-websocket-key', message: 'must be 16 bytes in base64' });
    if (!isOwn(request) && !origins.has(headers.origin as string))
      throw new DomainError('FORBIDDEN', 'Pages of this origin may not connect: `CORS_ORIGINS` does not list it.');
    const { socket, rest } = connection;
    reply.hijack();
    reply.raw.detachSocket(socket);
    return new Promise((resolve) => {
      if (socket.destroyed) resolve(undefined);
      socket.once('close', () => resolve(undefined));
      sockets(protocol).handleUpgrade(raw, socket, rest, resolve);
    });
  });
}

/** It holds nothing of a connection. */
const sockets = (protocol: string): WebSocketServer =>
  new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  });

const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';

/** Programs send no origin; a page that the service itself has sent has that of the address that it asks. */
function isOwn({ headers: { origin, host } }: FastifyRequest): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** Node passes over headers beyond that, which must not change what a request is when it is read anew. */
const MAX_HEADER_ENTRIES = 2_000;
const OFFERS = new Set(['upgrade', 'connection', 'http2-settings']);

function giveBack(app: FastifyInstance, request: IncomingMessage, socket: Socket, rest: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  if (rawHeaders.length >= MAX_HEADER_ENTRIES) {
    app.server.emit('clientError', Object.assign(new Error('Too many'), { code: 'HPE_HEADER_OVERFLOW' }), socket);
    return;
  }
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (!OFFERS.has(rawHeaders[at]?.toLowerCase() ?? '')) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  if (/\bclose\b/i.test(request.headers.connection ?? '')) lines.push('connection: close');
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), rest]));
  app.server.emit('connection', socket);
}
