import type { FastifyPluginAsync } from 'fastify';
import { type QueueRoutesOptions, queueRoutes } from './queue-routes.ts';
import { type TaskRoutesOptions, taskRoutes } from './task-routes.ts';

export type TasksRoutesOptions = QueueRoutesOptions & TaskRoutesOptions;

export const tasksRoutes =
  (options: TasksRoutesOptions): FastifyPluginAsync =>
  async (app) => {
    await app.register(queueRoutes(options));
    await app.register(taskRoutes(options));
  };
