import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync } from 'fastify';
import type { CancelTask } from '../../../domain/tasks/cancel-task.ts';
import { taskNotFound } from '../../../domain/tasks/errors.ts';
import type { FindTasks } from '../../../domain/tasks/find-tasks.ts';
import { resultText } from '../../../domain/tasks/json-text.ts';
import type { RedriveTasks } from '../../../domain/tasks/redrive-tasks.ts';
import type { TaskLeases } from '../../../domain/tasks/task-leases.ts';
import { taskBody } from './bodies.ts';
import { keyed, tags } from './common.ts';
import * as schemas from './schemas.ts';

export interface TaskRoutesOptions {
  readonly findTasks: FindTasks;
  readonly taskLeases: TaskLeases;
  readonly cancelTask: CancelTask;
  readonly redriveTasks: RedriveTasks;
}

const BY_ID = '/tasks/:taskId';

/** What is done with one task. */
export const taskRoutes =
  (options: TaskRoutesOptions): FastifyPluginAsync =>
  async (app) => {
    await app.register(routesAt(BY_ID, schemas.TaskParams, options));
    // With the queue in the path, so that a rule about paths can name it.
    await app.register(async (queues) => {
      queues.addHook('preHandler', async ({ params }) => {
        const { queue, taskId } = params as { readonly queue: string; readonly taskId: string };
        if ((await options.findTasks.byId(taskId)).queue !== queue) throw taskNotFound(taskId);
      });
      await queues.register(routesAt('/queues/:queue/tasks/:taskId', schemas.TaskOfQueueParams, options));
    });
  };

function routesAt(
  path: string,
  params: typeof schemas.TaskParams | typeof schemas.TaskOfQueueParams,
  options: TaskRoutesOptions,
): FastifyPluginAsync {
  const describe = (words: string): string =>
    path === BY_ID ? words : `${words} As without the queue; a task of another queue is not found here.`;
  const idOf = (operation: string): string => operation + (path === BY_ID ? '' : 'OfQueue');
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    app.post(
      `${path}/cancel`,
      {
        config: keyed('TASKS_NOT_FOUND', 'TASKS_NOT_CANCELLABLE'),
        schema: {
          tags,
          description: describe(
            'Whoever holds it loses it: what comes with its fence later is refused. Cancelling it again changes nothing.',
          ),
          operationId: idOf('cancelTask'),
          summary: 'Cancel a task that is not finished',
          params,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId } }) => taskBody(await options.cancelTask.execute(taskId)),
    );

    app.get(
      path,
      {
        config: keyed('TASKS_NOT_FOUND'),
        schema: {
          tags,
          description: describe('With the end of each of its last attempts.'),
          operationId: idOf('getTask'),
          summary: 'Read a task',
          params,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId } }) => taskBody(await options.findTasks.byId(taskId)),
    );

    app.post(
      `${path}/heartbeat`,
      {
        config: keyed('TASKS_NOT_FOUND', 'TASKS_LEASE_LOST'),
        schema: {
          tags,
          description: describe('By `leaseSeconds`, else by what the claim asked for; never shorter than it was.'),
          operationId: idOf('extendLease'),
          summary: 'Keep a task: its lease lasts longer',
          params,
          body: schemas.Heartbeat,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId }, body: { fence, leaseSeconds } }) =>
        taskBody(await options.taskLeases.extend(taskId, fence, leaseSeconds)),
    );

    app.post(
      `${path}/complete`,
      {
        config: keyed('TASKS_RESULT_TOO_LARGE', 'TASKS_NOT_FOUND', 'TASKS_LEASE_LOST'),
        schema: {
          tags,
          description: describe('The same call again with its fence is answered the same until the next claim.'),
          operationId: idOf('completeTask'),
          summary: 'Finish a task with SUCCESS',
          params,
          body: schemas.Completion,
          response: { 200: schemas.TaskBody },
        },
        preValidation: async ({ body }) => void resultText((body as { result?: unknown } | null)?.result),
      },
      async ({ params: { taskId }, body: { fence, result } }) =>
        taskBody(await options.taskLeases.complete(taskId, fence, resultText(result))),
    );

    app.post(
      `${path}/fail`,
      {
        config: keyed('TASKS_NOT_FOUND', 'TASKS_LEASE_LOST'),
        schema: {
          tags,
          description: describe('It is tried again later, unless `retry` is false or it was the last attempt.'),
          operationId: idOf('failTask'),
          summary: 'Say that an attempt failed',
          params,
          body: schemas.Failure,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId }, body: { fence, error, retry = true, retryInSeconds } }) =>
        taskBody(
          await options.taskLeases.fail(taskId, fence, {
            error,
            retry,
            retryInMs: retryInSeconds === undefined ? undefined : retryInSeconds * 1_000,
          }),
        ),
    );

    app.post(
      `${path}/release`,
      {
        config: keyed('TASKS_NOT_FOUND', 'TASKS_LEASE_LOST'),
        schema: {
          tags,
          description: describe(
            'For a worker that stops: the task is there for others at once, or after `delaySeconds`.',
          ),
          operationId: idOf('releaseTask'),
          summary: 'Give a task back, with its attempt',
          params,
          body: schemas.Release,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId }, body: { fence, delaySeconds } }) =>
        taskBody(await options.taskLeases.release(taskId, fence, { delaySeconds })),
    );

    app.post(
      `${path}/redrive`,
      {
        config: keyed('TASKS_NOT_FOUND', 'TASKS_NOT_REDRIVABLE'),
        schema: {
          tags,
          description: describe('It is PENDING in its old place, with no attempt counted and a new deadline.'),
          operationId: idOf('redriveTask'),
          summary: 'Bring a task that has failed or was shed back into its queue',
          params,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId } }) => taskBody(await options.redriveTasks.one(taskId)),
    );
  };
  return plugin as FastifyPluginAsync;
}
