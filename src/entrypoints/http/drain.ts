import { once } from 'node:events';
import { Server as TcpServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { within } from '../../adapters/common/deadline.ts';

/** A connection that brings no request for so long after the end began is idle. */
const DRAIN_MS = 1_000;

/**
 * Keeps a closing server from losing requests that are on their way over connections that are kept open:
 *
 *     client:  ─ request ─────────▶ waits in the socket ─────────▶ reset instead of an answer
 *     server:       close() ─ this connection has no request yet: idle, cut
 *
 * So it first only stops to accept connections, and answers what still comes in; Fastify adds `Connection: close` to each
 * of these answers. What is open and silent after that is cut.
 */
export function drainBeforeClose(app: FastifyInstance): void {
  app.addHook('preClose', async () => {
    if (!app.server.listening) return;
    const drained = once(app.server, 'close');
    // The HTTP server's own close() cuts idle connections at once; that of the TCP server under it does not.
    TcpServer.prototype.close.call(app.server);
    await within(DRAIN_MS, drained);
  });
}
