import Fastify, {
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RawServerDefault,
} from 'fastify';
import type { Logger } from 'pino';
import * as Type from 'typebox';
import type { TicketUse } from '../../domain/flags/ticket.ts';
import { DomainError } from '../../domain/shared/domain-error.ts';
import { ConfigError } from '../config/read-config.ts';
import { completeHeads, NO_STORE } from './answer-headers.ts';
import type { ApiKey } from './api-keys.ts';
import { basePathOf, basePathsOf, withoutBasePath } from './base-path.ts';
import { parseBodies } from './body.ts';
import { answerEverything, clientErrorHandler } from './client-errors.ts';
import { compressAnswers } from './compression.ts';
import { allowOrigins } from './cross-origin.ts';
import { drainBeforeClose } from './drain.ts';
import { errorHandler, type RefusalPage } from './errors.ts';
import type { Caller, GuardedRoute, Guards } from './guards.ts';
import { boundHalfSent } from './half-sent.ts';
import { type Exists, type FoundRoute, KnownPaths } from './known-paths.ts';
import { LazyCompilers } from './lazy-compilers.ts';
import { OpenStreams } from './open-streams.ts';
import { generalProblems, type ProblemTable } from './problems.ts';
import { refuseEarly } from './refuse-early.ts';
import { DOCUMENTED, formats } from './schemas.ts';
import { securityHeaders } from './security-headers.ts';
import { type Health, systemRoutes } from './system-routes.ts';
import { takeUpgrades } from './upgrades.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent the request, where the route looks for a key. */
    caller: Caller | undefined;
    /** From where it was sent, as far as proxies are believed. */
    clientAddress: string;
    /** Whether the caller was judged by policies that may have changed since; only where the route bears that. */
    policiesStale: boolean;
  }
  interface FastifyInstance {
    /** What stands in front of the routes in the public address; mostly nothing. */
    publicPath: string;
    /** Whether a phone may send another text message. */
    admitSender: (sender: string) => Promise<boolean>;
    /** Whether a caller may send a request to another route; not while nobody can tell. */
    mayUse: (caller: Caller, method: string, path: string) => Promise<boolean>;
    /** The route that takes a request; undefined if there is none. The path may have what proxies leave in front. */
    findRouteOf: (method: string, path: string) => Promise<FoundRoute | undefined>;
    /**
     * Looks every second whether the caller of a request may still send it, for an answer that goes on. Without a caller
     * there is nothing to look after.
     *
     * @param end called once, when the caller may not any more, or nobody can tell
     * @returns ends the looking
     */
    watchCaller: (request: FastifyRequest, reply: FastifyReply, end: (refusal: unknown) => void) => () => void;
    /** What is kept open for clients that listen. */
    openStreams: OpenStreams;
    /** The largest answer that can be sent from here, if there is one. */
    maxAnswerBytes: number | undefined;
  }
  interface FastifyContextConfig {
    /** The route needs an API key, or shows more to those who have one. */
    readonly key?: boolean | 'optional';
    /** Tells the name of a key that this route takes in place of all others. */
    readonly ownKey?: (request: FastifyRequest) => string | undefined;
    /** The route has a body schema, and does without a body too. */
    readonly optionalBody?: boolean;
    /** Every known key and token may use the route, whatever policies say. */
    readonly openToCallers?: boolean;
    /** While policies cannot be read, the last ones that were count for 5 minutes; `policiesStale` of the request says so. */
    readonly bearsStalePolicies?: boolean;
    /** The route changes nothing, though its method may: it does without the time until it has asked the store. */
    readonly readsOnly?: boolean;
    /** The route takes a form, not JSON. */
    readonly form?: boolean;
    /** Sends a page, with the status that is set, where a person reads in a browser that the request is refused. */
    readonly refusalPage?: RefusalPage;
    /** The answer goes on for as long as the client listens. */
    readonly stream?: boolean;
    /** What to do instead where no answer can go on, a sentence. */
    readonly streamAdvice?: string;
    /** The route takes WebSockets. */
    readonly socket?: boolean;
    /** A ticket for this use, as the parameter `ticket`, lets in as well as a key. */
    readonly ticket?: TicketUse;
    /** Who knows the path may do what others may not, so that no log holds it. */
    readonly secretPath?: boolean;
    /** Whether there is anything at a path, where the pattern that it matches cannot tell. */
    readonly exists?: Exists;
    /** No limit of requests counts for the route. */
    readonly neverLimited?: boolean;
    /** The route takes texts, and asks itself whether their senders may send more. */
    readonly takesTexts?: boolean;
    /** Codes with which the route may refuse, beside those that follow from its schema; for the OpenAPI document. */
    readonly problems?: readonly string[];
  }
}

export interface AppOptions {
  readonly logger: Logger;
  readonly apiKeys: readonly ApiKey[];
  /** Public addresses, whose paths a proxy may leave in front of the routes'. Answers name the first. */
  readonly publicUrls?: readonly string[] | undefined;
  /** Origins whose pages may call the API. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** How many proxies in front are believed about the client's address. */
  readonly trustedProxies?: number | undefined;
  /** Those of all contexts. */
  readonly guards?: readonly Guards[];
  /** Where to tell of a weakness, as a URI. */
  readonly securityContact?: string | undefined;
  /** The time, epoch ms. */
  readonly now: () => number;
  /** New request ids. */
  readonly nextId: () => string;
  readonly health: () => Promise<Health>;
  /** Awaited before a request is carried out that may change something. */
  readonly resume: () => Promise<void>;
  readonly contexts: readonly { readonly routes: FastifyPluginAsync; readonly problems: ProblemTable }[];
  /** What is served beside the API; registered before its routes, so that it sees them. */
  readonly extras?: readonly Extra[];
  /** For a function that starts anew all the time and keeps no connection open. */
  readonly serverless?: boolean;
}

export type Extra = (app: FastifyInstance, problems: ProblemTable) => void | Promise<void>;

const PAGES = ['/', '/docs', '/openapi.json'];
const BODY_LIMIT = 64 * 1024;
/** A function's answer may have 6 MB, in which text takes more room. */
const MAX_SERVERLESS_BYTES = 5_000_000;
/** Longer than any path that Node takes, so that the length of an id is a matter of its schema alone. */
const MAX_PARAM_LENGTH = 16 * 1024;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
/** Carries path and query to a serverless app, which is not called over HTTP. */
export const URL_HEADER = 'x-portside-url';

/**
 * Builds the HTTP side of the service, ready for `inject` or `listen`.
 *
 * @throws ConfigError where a guard was given something that fits no route
 */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const problems = Object.assign({}, generalProblems, ...options.contexts.map((context) => context.problems));
  const publicPath = basePathOf(options.publicUrls?.[0]);
  const basePaths = basePathsOf(options.publicUrls);
  const headers = securityHeaders();
  const addHeaders = (request: FastifyRequest, reply: FastifyReply) =>
    reply.headers(headers).header('x-request-id', request.id);
  const handleError = errorHandler(problems);

  const compilers = options.serverless ? new LazyCompilers() : undefined;

  const paths = new KnownPaths(MAX_PARAM_LENGTH);
  const mayBeRoute = (url: string): boolean => paths.find(url).size > 0;
  const isRoute = (url: string): boolean => [...paths.find(url).values()].some(({ config }) => !config.exists);

  const app = Fastify({
    ...serverOptions(options),
    rewriteUrl: ({ headers, url = '/' }) => {
      const sent = options.serverless ? (headers[URL_HEADER]?.toString() ?? url) : url;
      return withoutBasePath(sent, basePaths, isRoute, mayBeRoute);
    },
    ...(compilers ? { schemaController: compilers.schemaController } : {}),
    clientErrorHandler: clientErrorHandler({ ...options, publicPath, problems, headers: { ...headers, ...NO_STORE } }),
    // For these no hook runs.
    frameworkErrors: (error, request, reply) => {
      addHeaders(request, reply).headers(NO_STORE);
      handleError(error, request, reply);
      logAnswer(request, reply, options.serverless);
    },
  });
  app.decorate('publicPath', publicPath);
  app.decorate('admitSender', async (sender) => {
    for (const guard of options.guards ?? []) if ((await guard.admitSender?.(sender)) === false) return false;
    return true;
  });
  app.decorate('mayUse', async (caller, method, path) => {
    const segments = path.split('/').slice(1);
    for (const guard of options.guards ?? [])
      if (!(await Promise.resolve(guard.mayUse?.(caller, method, segments) ?? true).catch(() => false))) return false;
    return true;
  });
  app.decorate('findRouteOf', (method, path) =>
    paths.route(method, withoutBasePath(path, basePaths, isRoute, mayBeRoute)),
  );
  const openStreams = new OpenStreams();
  app.decorate('openStreams', openStreams);
  app.addHook('preClose', async () => openStreams.end());
  takeUpgrades(app, {
    ...options,
    takesSockets: (url) =>
      paths.find(withoutBasePath(url, basePaths, isRoute, mayBeRoute)).get('GET')?.config.socket === true,
  });
  app.decorate('maxAnswerBytes', options.serverless ? MAX_SERVERLESS_BYTES : undefined);
  answerEverything(app);
  boundHalfSent(app);
  completeHeads(app);
  app.setErrorHandler(handleError);
  parseBodies(app);
  drainBeforeClose(app);
  app.addHook('onRequest', async (request, reply) => void addHeaders(request, reply));
  app.addHook('onResponse', async (request, reply) => logAnswer(request, reply, options.serverless));
  // The pages of a function are built when somebody asks for one.
  const routes: GuardedRoute[] = options.serverless ? PAGES.map((url) => ({ method: 'GET', url, config: {} })) : [];
  app.addHook('onRoute', (route) => {
    paths.add(route);
    const { url, config = {} } = route;
    routes.push(...[route.method].flat().map((method) => ({ method, url, config })));
    // An unknown query parameter is refused everywhere, also where none is known.
    if (route.schema && !route.schema.querystring)
      route.schema.querystring = Type.Object({}, { additionalProperties: false });
  });
  await compressAnswers(app);
  if (options.corsOrigins) await allowOrigins(app, options.corsOrigins, paths);
  refuseEarly(app, { ...options, paths });
  if (options.serverless) refuseStreams(app);
  // What only reads learns the time from the answers that it reads.
  app.addHook('preHandler', async ({ method, routeOptions }) => {
    if (method !== 'GET' && method !== 'HEAD' && !routeOptions.config.readsOnly) await options.resume();
  });
  if (compilers) app.addHook('onRequest', () => compilers.load());
  for (const extra of options.extras ?? []) await extra(app, problems);
  await app.register(systemRoutes({ problems, ...options }));
  for (const { routes } of options.contexts) await app.register(routes);
  const misfits = (options.guards ?? []).flatMap(({ check }) => check?.(routes) ?? []);
  if (misfits.length > 0) throw new ConfigError(misfits);
  return app;
}

const serverOptions = ({ logger, nextId }: AppOptions): FastifyHttpOptions<RawServerDefault> => ({
  loggerInstance: logger,
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
  genReqId: ({ headers }) => {
    const given = headers['x-request-id'];
    return typeof given === 'string' && REQUEST_ID.test(given) ? given : nextId();
  },
  bodyLimit: BODY_LIMIT,
  // Of the whole request. That of its head stands below.
  requestTimeout: 30_000,
  return503OnClosing: false,
  routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
  ajv: {
    customOptions: {
      coerceTypes: false,
      removeAdditional: false,
      allErrors: true,
      verbose: true,
      formats,
      keywords: [DOCUMENTED],
    },
  },
  // Left to refuseEarly, which answers in the way of all others. A header that may stand once and stands twice is then
  // no longer its first value but both, and refused for what it is.
  http: {
    requireHostHeader: false,
    joinDuplicateHeaders: true,
    headersTimeout: 10_000,
    // How often Node looks whose time is over.
    connectionsCheckingInterval: 1_000,
  },
});

function refuseStreams(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ routeOptions }) => {
    const { stream, streamAdvice = 'Poll the results with `If-None-Match`.' } = routeOptions.config;
    if (stream) throw new DomainError('NOT_IMPLEMENTED', `Nothing can be followed here. ${streamAdvice}`);
  });
}

function logAnswer(
  { method, url, routeOptions, log }: FastifyRequest,
  { statusCode, elapsedTime }: FastifyReply,
  serverless = false,
): void {
  const path = routeOptions.config.secretPath ? routeOptions.url : url.split('?', 1)[0]?.slice(0, 200);
  const ms = Math.round(elapsedTime * 10) / 10;
  // The gateway has logged what succeeded, with the id of the request.
  const level = serverless && statusCode < 300 ? 'debug' : 'info';
  log[level]({ method, path, route: routeOptions.url, status: statusCode, ms }, 'request completed');
}
