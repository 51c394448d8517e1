import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import Fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import findMyWay from 'find-my-way';
import type { Logger } from 'pino';
import { Type } from 'typebox';
import { DomainError } from '../../domain/shared/domain-error.ts';
import { type ApiKey, apiKeyReader } from './api-keys.ts';
import { checkContentType, parseBodies } from './body.ts';
import { errorHandler } from './errors.ts';
import { publishMetrics } from './metrics.ts';
import { publishOpenApi } from './openapi.ts';
import { generalProblems, type ProblemTable } from './problems.ts';
import { systemRoutes } from './system-routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route needs an API key. */
    readonly key?: boolean;
    /** The route takes a form, not JSON. */
    readonly form?: boolean;
  }
}

export interface AppOptions {
  readonly logger: Logger;
  readonly apiKeys: readonly ApiKey[];
  /** New request ids. */
  readonly nextId: () => string;
  readonly health: () => Promise<Record<string, 'ok' | 'unreachable'>>;
  readonly contexts: readonly { readonly routes: FastifyPluginAsync; readonly problems: ProblemTable }[];
}

const BODY_LIMIT = 64 * 1024;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
const DASHBOARD = new URL('./dashboard/', import.meta.url);

/** Builds the HTTP side of the service, ready for `inject` or `listen`. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const problems = Object.assign({}, generalProblems, ...options.contexts.map((context) => context.problems));
  const app = Fastify({ ...serverOptions(options), frameworkErrors: errorHandler(problems) });

  app.setErrorHandler(errorHandler(problems));
  parseBodies(app);
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, routeOptions } = request;
    const path = url.split('?', 1)[0]?.slice(0, 200);
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    request.log.info({ method, path, route: routeOptions.url, status: reply.statusCode, ms }, 'answered');
  });
  app.addHook('onRoute', (route) => {
    // An unknown query parameter is refused everywhere, also where none is known.
    if (route.schema && !route.schema.querystring)
      route.schema.querystring = Type.Object({}, { additionalProperties: false });
  });

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
  });
  refuseEarly(app, options.apiKeys);
  publishMetrics(app);
  await publishOpenApi(app);
  await app.register(systemRoutes({ problems, health: options.health }));
  for (const { routes } of options.contexts) await app.register(routes);
  await app.register(fastifyStatic, { root: DASHBOARD, wildcard: false });
  return app;
}

const serverOptions = ({ logger, nextId }: AppOptions): FastifyServerOptions => ({
  loggerInstance: logger,
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
  requestIdHeader: false,
  genReqId: ({ headers }) => {
    const given = headers['x-request-id'];
    return typeof given === 'string' && REQUEST_ID.test(given) ? given : nextId();
  },
  bodyLimit: BODY_LIMIT,
  requestTimeout: 30_000,
  return503OnClosing: false,
  routerOptions: { maxParamLength: 512 },
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } },
});

/** Refusals that need nothing but the head of the request, in this order: path, method, key, content type. */
function refuseEarly(app: FastifyInstance, apiKeys: readonly ApiKey[]): void {
  const nameOfKey = apiKeyReader(apiKeys);
  const paths = findMyWay();
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    if (!methods.has(url)) paths.on('GET', url, () => undefined, url);
    methods.set(url, new Set([...(methods.get(url) ?? []), ...[method].flat()]));
  });
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) {
      const url = paths.find('GET', request.url.split('?', 1)[0] as string)?.store as string | undefined;
      if (url === undefined)
        throw new DomainError('NOT_FOUND', 'There is nothing at this path. See /docs for all paths.');
      reply.header('allow', [...(methods.get(url) ?? [])].join(', '));
      throw new DomainError('METHOD_NOT_ALLOWED', `This path does not take ${request.method}.`);
    }
    if (request.routeOptions.config.key) {
      const name = nameOfKey(request);
      if (name === undefined)
        throw new DomainError(
          'UNAUTHORIZED',
          'Send an API key as "Authorization: Bearer <key>" or "x-api-key: <key>".',
        );
      request.log.debug({ apiKey: name }, 'key accepted');
    }
    checkContentType(request);
  });
}
