import type { FastifyInstance, FastifyReply } from 'fastify';

/** The files of Swagger UI that the page needs. */
export const DOCS_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

// Every address is a relative one, so that the page finds its files behind any path.
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Portside API</title>
    <link rel="icon" href="favicon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="docs/static/swagger-ui.css" />
    <style>
      body { margin: 0 }
      .brand { display: flex; gap: 10px; align-items: center; padding: 12px 20px; background: #12263a; color: #fff;
        font: 600 18px system-ui, sans-serif; text-decoration: none }
    </style>
  </head>
  <body>
    <a class="brand" href="./"><img src="favicon.svg" alt="" width="28" height="28" />Portside</a>
    <div id="swagger-ui"></div>
    <script src="docs/static/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
});
`;

const POLICY = 'content-security-policy';

/**
 * Serves `GET /docs`, a page to read the OpenAPI document and to try it.
 *
 * @param sendFile sends one of Swagger UI's own files
 */
export function publishDocs(
  app: FastifyInstance,
  sendFile: (reply: FastifyReply, name: (typeof DOCS_FILES)[number]) => unknown,
): void {
  const schema = { hide: true };
  // The page styles its elements in place; its scripts are files of its own.
  app.get('/docs', { schema }, async (_, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header(POLICY, `${reply.getHeader(POLICY)};style-src 'self' 'unsafe-inline'`)
      .send(PAGE),
  );
  app.get('/docs/', { schema }, async (_, reply) => reply.redirect('/docs', 308));
  app.get('/docs/start.js', { schema }, async (_, reply) =>
    reply.type('application/javascript; charset=utf-8').send(START),
  );
  for (const name of DOCS_FILES) app.get(`/docs/static/${name}`, { schema }, (_, reply) => sendFile(reply, name));
}
