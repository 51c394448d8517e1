import type { FastifyPluginAsync } from 'fastify';

export const accessRoutes = (): FastifyPluginAsync => async () => undefined;
