import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { KnownPaths } from './known-paths.ts';

const EXPOSED =
  'ETag, Location, Link, Retry-After, x-request-id, Idempotent-Replayed, WWW-Authenticate, RateLimit, RateLimit-Policy';
/** What a page of a listed origin may send, beside what every page may. */
const ALLOWED =
  'Authorization, x-api-key, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, x-request-id';
/** Without a key, and without anything that changes something. */
const ALLOWED_TO_ALL = 'If-None-Match, Last-Event-ID, x-request-id';
const READING = ['GET', 'HEAD'];
/** The longest that a browser keeps the answer to the question whether it may ask, seconds. */
const PREFLIGHT_SECONDS = 7_200;

const REFUSED: FastifyCorsOptions = { origin: false, preflight: false };

/**
 * Lets pages of other origins call the API: of the listed ones all of it, of every other, where `*` is listed, what is
 * read without a key.
 *
 * @param origins as a browser names them, `https://example.org`, or `*`
 */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[], paths: KnownPaths): Promise<void> {
  const listed = new Set(origins);
  const optionsFor = ({ method, url, headers }: FastifyRequest): FastifyCorsOptions => {
    const { origin, 'access-control-request-method': wanted } = headers;
    if (origin === undefined) return REFUSED;
    const isPreflight = method === 'OPTIONS' && wanted !== undefined;
    const routes = paths.find(url);
    // A path or a method that is not there is refused like everywhere.
    if (isPreflight && !routes.has(wanted)) return REFUSED;
    const asked = isPreflight ? wanted : method;
    const isRead = READING.includes(asked) && routes.get(asked)?.config.key !== true;
    const isListed = listed.has(origin);
    if (!isListed && !(listed.has('*') && isRead)) return REFUSED;
    return {
      origin: isListed ? origin : '*',
      methods: isListed ? [...routes.keys()] : READING,
      allowedHeaders: isListed ? ALLOWED : ALLOWED_TO_ALL,
      exposedHeaders: EXPOSED,
      maxAge: PREFLIGHT_SECONDS,
      preflight: isPreflight,
    };
  };
  await app.register(cors, { delegator: (request, done) => done(null, optionsFor(request as FastifyRequest)) });
}

/** The route that takes preflights for every path; what it does not answer is refused. */
export const isPreflightRoute = ({ method, routeOptions }: FastifyRequest): boolean =>
  method === 'OPTIONS' && routeOptions.url === '*';
