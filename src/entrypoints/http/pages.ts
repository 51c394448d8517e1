import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { Extra } from './app.ts';
import { publishDocs } from './docs-page.ts';
import { publishOpenApi } from './openapi.ts';

const DASHBOARD = new URL('./dashboard/', import.meta.url);
const DOCS = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui')), 'static');

/** Serves what people open in a browser, the dashboard and the docs, and the OpenAPI document behind them. */
export const publishPages: Extra = async (app, problems) => {
  await publishOpenApi(app, problems);
  await app.register(fastifyStatic, { root: DASHBOARD, wildcard: false, globIgnore: ['tsconfig.json'] });
  publishDocs(app, (reply, name) => reply.sendFile(name, DOCS));
};
