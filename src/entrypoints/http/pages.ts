import fastifyStatic from '@fastify/static';
import type { Extra } from './app.ts';
import { publishOpenApi } from './openapi.ts';

const DASHBOARD = new URL('./dashboard/', import.meta.url);

/** Serves what people open in a browser, the dashboard and the docs, and the OpenAPI document behind them. */
export const publishPages: Extra = async (app, problems) => {
  await publishOpenApi(app, problems);
  await app.register(fastifyStatic, { root: DASHBOARD, wildcard: false });
};
