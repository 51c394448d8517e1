import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Nobody may keep an answer, unless something else is said of it. */
export const NO_STORE = { 'cache-control': 'no-store' } as const;

/**
 * Completes the head of every answer:
 *
 * - What needs no key may be kept, but has to be asked for again before it is used; everything else may not be kept.
 * - A path in `Location` is one of the public address.
 * - A connection on which a body is still coming in is closed, or the next request would have to wait for its end.
 */
export function completeHeads(app: FastifyInstance): void {
  app.addHook('onSend', async ({ method, raw, routeOptions, server }, reply) => {
    const { config } = routeOptions;
    const isPublic = ['GET', 'HEAD'].includes(method) && config?.key !== true && reply.statusCode < 400;
    if (!reply.hasHeader('cache-control')) reply.headers(isPublic ? { 'cache-control': 'no-cache' } : NO_STORE);
    const location = reply.getHeader('location');
    if (typeof location === 'string' && location.startsWith('/'))
      reply.header('location', server.publicPath + location);
    // What came together with the head is read after it in the same turn. Undefined where there is no connection.
    if (raw.complete === false) await nextTurn();
    if (raw.complete === false) reply.header('connection', 'close');
  });
}

/** Adds names of request headers by which the answer differs. */
export function addVary(reply: FastifyReply, names: string): void {
  const before = reply.getHeader('vary');
  reply.header('vary', before ? `${before}, ${names}` : names);
}
