import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, invalidRequest } from '../../domain/shared/domain-error.ts';
import { type ApiKey, apiKeyReader } from './api-keys.ts';
import { checkContentType } from './body.ts';
import { CallerWatch } from './caller-watch.ts';
import { clientAddress } from './client-address.ts';
import { isPreflightRoute } from './cross-origin.ts';
import { fewASecond } from './few-a-second.ts';
import type { Caller, Guards } from './guards.ts';
import { isThere, type KnownPaths, type PathParams } from './known-paths.ts';

export interface RefuseEarlyOptions {
  readonly apiKeys: readonly ApiKey[];
  readonly guards?: readonly Guards[];
  readonly paths: KnownPaths;
  /** How many proxies in front are believed about the client's address. */
  readonly trustedProxies?: number | undefined;
}

/**
 * Refusals that need nothing but the head of the request, in this order: path, method, limits of the address, key, limits
 * of the key, policies, content type.
 */
export function refuseEarly(
  app: FastifyInstance,
  { apiKeys, guards = [], paths, trustedProxies = 0 }: RefuseEarlyOptions,
): void {
  const nameOfKey = apiKeyReader(apiKeys);
  const warnOfKey = fewASecond(({ log, routeOptions: { url } }: FastifyRequest) =>
    log.warn({ route: url }, 'refused a key that is not known'),
  );

  app.decorateRequest('caller', undefined);
  app.decorateRequest('clientAddress', '');
  app.decorateRequest('policiesStale', false);
  const watch = new CallerWatch((request, reply) => authorize(request, reply, request.caller as Caller));
  app.decorate('watchCaller', (request, reply, end) => watch.watch({ request, reply, end }));
  app.addHook('onClose', async () => watch.close());
  app.addHook('onRequest', async (request, reply) => {
    if (!hasHost(request)) throw invalidRequest({ path: 'host', message: 'is required, once' });
    // The router does not look at the first character.
    if (!/^(?:\/|https?:\/\/)/i.test(request.url))
      throw invalidRequest({ path: 'path', message: 'is not well-formed' });
    if (
      request.is404 ||
      isPreflightRoute(request) ||
      !(await isThere({ params: request.params as PathParams, config: request.routeOptions.config }))
    )
      await refusePath(request, reply);
    request.clientAddress = clientAddress(request.ip, request.headers['x-forwarded-for']?.toString(), trustedProxies);
    const { key } = request.routeOptions.config;
    // Who reads without a key where that is enough leaves no address.
    if (key === true || (key && bringsKey(request))) logAs(request, reply, { address: request.clientAddress });
    for (const guard of guards) await guard.admitAddress?.(request, reply);
    if (key) request.caller = await admitCaller(request, reply).catch((error) => withoutKey(key, error));
    checkContentType(request);
  });
  // Where a route itself finds nothing, such as a file.
  app.setNotFoundHandler(notFound);

  async function admitCaller(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    const { ownKey } = request.routeOptions.config;
    const keyName = (ownKey ?? nameOfKey)(request);
    const caller = keyName !== undefined ? callerOf(keyName) : ownKey ? undefined : await identify(request, reply);
    if (caller === undefined) {
      if (bringsKey(request)) warnOfKey(request);
      throw new DomainError('UNAUTHORIZED', bringsKey(request) ? UNKNOWN_KEY : MISSING_KEY);
    }
    logAs(request, reply, { subject: caller.subjects[0] });
    // The key of a single route can do nothing else, so there is nothing to take from it.
    if (!ownKey) {
      for (const guard of guards) await guard.admitCaller?.(request, reply, caller);
      await authorize(request, reply, caller);
    }
    return caller;
  }

  async function authorize(request: FastifyRequest, reply: FastifyReply, caller: Caller): Promise<void> {
    for (const guard of guards) await guard.authorize?.(request, reply, caller);
  }

  async function identify(request: FastifyRequest, reply: FastifyReply): Promise<Caller | undefined> {
    for (const guard of guards) {
      const caller = await guard.identify?.(request, reply);
      if (caller) return caller;
    }
    return undefined;
  }

  async function refusePath({ url, method }: FastifyRequest, reply: FastifyReply): Promise<never> {
    const methods = await methodsAt(paths, url);
    if (methods.length === 0) return notFound();
    reply.header('allow', methods.join(', '));
    throw new DomainError('METHOD_NOT_ALLOWED', `This path does not take ${method}.`);
  }
}

/** @throws DomainError `NOT_FOUND`, always */
function notFound(): never {
  throw new DomainError('NOT_FOUND', 'There is nothing at this path. See /docs for all paths.');
}

const MISSING_KEY = 'Send an API key as "Authorization: Bearer <key>" or "x-api-key: <key>".';
const UNKNOWN_KEY = 'The key that was sent is not known here.';

/** Where a key only shows more, one that does not count is as good as none. */
function withoutKey(key: true | 'optional', refusal: unknown): undefined {
  const { code } = refusal as DomainError;
  if (key === 'optional' && (code === 'UNAUTHORIZED' || code === 'FORBIDDEN')) return undefined;
  throw refusal;
}

const callerOf = (keyName: string): Caller => ({ keyName, subjects: [`key:${keyName}`] });

/** Adds to each further line of the log about a request. */
function logAs(request: FastifyRequest, reply: FastifyReply, facts: Readonly<Record<string, string>>): void {
  request.log = reply.log = request.log.child(facts);
}

const bringsKey = ({ headers }: FastifyRequest): boolean =>
  headers['x-api-key'] !== undefined || /^Bearer +./i.test(headers.authorization ?? '');

/** RFC 9112 §3.2. Copies of the header have been joined with commas. */
const hasHost = ({ headers: { host }, raw: { httpVersion } }: FastifyRequest): boolean =>
  host === undefined ? httpVersion === '1.0' : !host.includes(',');

/** Fastify answers 404 for a known path with another method. */
async function methodsAt(paths: KnownPaths, url: string): Promise<readonly string[]> {
  const methods: string[] = [];
  for (const [method, route] of paths.find(url)) if (await isThere(route)) methods.push(method);
  return methods.sort();
}
