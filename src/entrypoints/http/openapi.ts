import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** Serves `GET /openapi.json`, grown out of the routes' schemas, and `GET /docs`, a page to read and try it. */
export async function publishOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Portside',
        description: 'Votes, tasks and stock values. Every error is RFC 9457 problem details.',
        version: '1',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
    },
    transform: ({ schema, url, route }) => ({
      url,
      schema: route.config?.key ? { ...schema, security: [{ bearer: [] }, { apiKey: [] }] } : schema,
    }),
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // The page styles its elements in place; its scripts are files of its own.
    transformStaticCSP: (policy) => `${policy};style-src 'self' 'unsafe-inline'`,
  });
}
