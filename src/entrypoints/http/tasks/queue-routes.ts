import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, invalidRequest } from '../../../domain/shared/domain-error.ts';
import type { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import type { ConfigureQueue, QueueChanged } from '../../../domain/tasks/configure-queue.ts';
import type { EnqueueResult, EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import type { FindQueues } from '../../../domain/tasks/find-queues.ts';
import type { FindTasks } from '../../../domain/tasks/find-tasks.ts';
import { payloadText } from '../../../domain/tasks/json-text.ts';
import type { PauseQueue } from '../../../domain/tasks/pause-queue.ts';
import type { PurgeQueue } from '../../../domain/tasks/purge-queue.ts';
import type { Queue } from '../../../domain/tasks/queue.ts';
import type { RedriveTasks } from '../../../domain/tasks/redrive-tasks.ts';
import type { TaskLeases } from '../../../domain/tasks/task-leases.ts';
import type { RunnerHosts, TaskNotifications } from '../../../ports/tasks.ts';
import { preconditionIn } from '../preconditions.ts';
import { generalProblems, isFailure, type Problem, type ProblemTable, problemDetails } from '../problems.ts';
import { recordChange } from '../record-change.ts';
import { pageRequest } from '../schemas.ts';
import { claimedBody, etagOf, queueBody, settingsBody, taskBody } from './bodies.ts';
import { keyed, tags } from './common.ts';
import { problems } from './problems.ts';
import { runnerIssues } from './runner-issues.ts';
import * as schemas from './schemas.ts';
import { taskIdOfKey } from './task-id-of-key.ts';
import { WaitingClaims } from './waiting-claims.ts';

export interface QueueRoutesOptions {
  readonly enqueueTask: EnqueueTask;
  readonly findTasks: FindTasks;
  readonly claimTasks: ClaimTasks;
  readonly taskLeases: TaskLeases;
  readonly redriveTasks: RedriveTasks;
  readonly purgeQueue: PurgeQueue;
  readonly findQueues: FindQueues;
  readonly configureQueue: ConfigureQueue;
  readonly pauseQueue: PauseQueue;
  readonly notifications: TaskNotifications;
  readonly runnerHosts: RunnerHosts;
}

/** A hundred tasks of some ten kilobytes each, bytes. */
const BATCH_BODY_LIMIT = 1024 * 1024;

/** Queues, and what is done with the tasks of a whole queue. */
export const queueRoutes = (options: QueueRoutesOptions): FastifyPluginAsync => {
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    app.post(
      '/queues/:queue/tasks',
      {
        config: keyed('TASKS_PAYLOAD_TOO_LARGE', 'IDEMPOTENCY_KEY_REUSED', 'TASKS_QUEUE_FULL'),
        schema: {
          tags,
          operationId: 'enqueueTask',
          summary: 'Enqueue a task',
          description:
            'The task’s identity among all queues is `taskId`, else made from the `Idempotency-Key`, else generated. ' +
            'The same task again adds nothing and answers with the task as it is now, with `Idempotent-Replayed: true`.',
          params: schemas.QueueParams,
          headers: schemas.IdempotencyHeaders,
          body: schemas.NewTask,
          response: { 201: schemas.EnqueuedTask },
        },
        // A size is refused before the rest of the content is looked at.
        preValidation: async ({ body }) => void payloadText((body as { payload?: unknown } | null)?.payload),
      },
      async ({ params: { queue }, headers, body }, reply) => {
        const key = headers['idempotency-key'];
        if (key !== undefined && body.taskId !== undefined)
          throw invalidRequest({ path: 'taskId', message: 'cannot be given beside an Idempotency-Key; give one' });
        const taskId = key === undefined ? body.taskId : taskIdOfKey(key);
        const { task, replayed } = await options.enqueueTask.execute(queue, { ...body, taskId });
        if (replayed) reply.header('idempotent-replayed', 'true');
        return reply.code(201).header('location', `/tasks/${task.taskId}`).send(taskBody(task));
      },
    );

    app.post(
      '/queues/:queue/tasks/batch',
      {
        bodyLimit: BATCH_BODY_LIMIT,
        config: keyed(),
        schema: {
          tags,
          operationId: 'enqueueTasks',
          summary: 'Enqueue up to 100 tasks',
          description:
            'Each stands for itself: one that is refused keeps no other from being added. With a `taskId` each, the batch ' +
            'may be repeated.',
          params: schemas.QueueParams,
          body: schemas.NewTasks,
          response: { 200: schemas.BatchResults },
        },
      },
      async ({ params: { queue }, body: { tasks }, log }) => {
        const outcomes = await options.enqueueTask.all(queue, tasks);
        return { results: outcomes.map((outcome) => batchResult(outcome, app.publicPath, log)) };
      },
    );

    app.get(
      '/queues/:queue/tasks',
      {
        config: keyed(),
        schema: {
          tags,
          operationId: 'listTasks',
          summary: 'List tasks of a queue, newest first',
          description: 'A page may be short and still have `nextCursor`. A SUCCESS is found by its id.',
          params: schemas.QueueParams,
          querystring: schemas.TaskListQuery,
          response: { 200: schemas.TaskList },
        },
      },
      async ({ params: { queue }, query }) => {
        const page = await options.findTasks.list(queue, query.status, pageRequest(query));
        return { tasks: page.items.map(taskBody), nextCursor: page.nextCursor };
      },
    );

    app.get(
      '/queues',
      {
        config: keyed(),
        schema: {
          tags,
          operationId: 'listQueues',
          summary: 'List queues by name',
          description: 'Those that have been configured or had a task.',
          querystring: schemas.PageQuery,
          response: { 200: schemas.QueueList },
        },
      },
      async ({ query }) => {
        const page = await options.findQueues.list(pageRequest(query));
        return { queues: page.items.map(queueBody), nextCursor: page.nextCursor };
      },
    );

    app.get(
      '/queues/:queue',
      {
        config: keyed('TASKS_QUEUE_NOT_FOUND'),
        schema: {
          tags,
          operationId: 'getQueue',
          summary: 'Read a queue: settings, what it holds, what it has done',
          description: 'A queue exists from its first use.',
          params: schemas.QueueParams,
          response: { 200: schemas.QueueAnswer },
        },
      },
      async ({ params: { queue } }, reply) => {
        const view = await options.findQueues.byName(queue);
        reply.header('etag', etagOf(view.settings));
        return queueBody(view);
      },
    );

    app.put(
      '/queues/:queue',
      {
        config: keyed('PRECONDITION_FAILED'),
        schema: {
          tags,
          operationId: 'putQueue',
          summary: 'Configure a queue; what is left out has its default',
          description: 'Replaces all settings. `***` in place of a secret value keeps the one that is there.',
          params: schemas.QueueParams,
          headers: schemas.PreconditionHeaders,
          body: schemas.QueueDraft,
          response: { 200: schemas.QueueSettingsBody },
        },
      },
      async (request, reply) => {
        const { queue } = request.params;
        const precondition = preconditionIn(request.headers, etagOf);
        const issues = runnerIssues(request.body.runner, options.runnerHosts);
        if (issues.length > 0) throw invalidRequest(...issues);
        const changed = await options.configureQueue.execute(queue, request.body, precondition);
        recordQueueChange(request, queue, changed);
        reply.header('etag', etagOf(changed.after));
        return settingsBody(changed.after);
      },
    );

    app.delete(
      '/queues/:queue/tasks',
      {
        config: keyed('PRECONDITION_FAILED'),
        schema: {
          tags,
          operationId: 'purgeQueue',
          summary: 'Remove tasks of a queue, at most 1,000',
          description:
            'PENDING tasks become CANCELLED, which calls nobody and can be read; finished ones go. `If-Match` names the ' +
            '`ETag` of the queue.',
          params: schemas.QueueParams,
          querystring: schemas.PurgeQuery,
          headers: schemas.PreconditionHeaders,
          response: { 200: schemas.Removed },
        },
      },
      async ({ params: { queue }, query: { status }, headers, log }) => {
        const removed = await options.purgeQueue.purge(queue, status, preconditionIn(headers, etagOf));
        log.info({ queue, status, removed }, 'purged');
        return { removed };
      },
    );

    app.delete(
      '/queues/:queue',
      {
        config: keyed('TASKS_QUEUE_NOT_FOUND', 'TASKS_QUEUE_NOT_EMPTY', 'PRECONDITION_FAILED'),
        schema: {
          tags,
          operationId: 'deleteQueue',
          summary: 'Delete a queue that holds no open tasks',
          description: 'Its settings go. Its figures go on if it is made again.',
          params: schemas.QueueParams,
          headers: schemas.PreconditionHeaders,
          response: { 204: schemas.Nothing },
        },
      },
      async (request, reply) => {
        const { queue } = request.params;
        const before = await options.purgeQueue.remove(queue, preconditionIn(request.headers, etagOf));
        recordQueueChange(request, queue, { before });
        return reply.code(204).send(null);
      },
    );

    for (const [action, paused] of [
      ['pause', true],
      ['resume', false],
    ] as const)
      app.post(
        `/queues/:queue/${action}`,
        {
          config: keyed('TASKS_QUEUE_NOT_FOUND'),
          schema: {
            tags,
            operationId: `${action}Queue`,
            summary: paused ? 'Pause a queue: nobody claims from it' : 'Have a paused queue go on',
            description: 'Tasks may be added all the while, their deadlines run on, and the settings stay.',
            params: schemas.QueueParams,
            response: { 200: schemas.QueueBody },
          },
        },
        async (request) => {
          const { queue } = request.params;
          const changed = await options.pauseQueue.execute(queue, paused);
          recordQueueChange(request, queue, changed);
          return queueBody(await options.findQueues.view(changed.after));
        },
      );

    const waitingClaims = new WaitingClaims(options.claimTasks, options.notifications);
    app.addHook('preClose', async () => waitingClaims.close());
    app.post(
      '/queues/:queue/claims',
      {
        config: keyed(),
        schema: {
          tags,
          operationId: 'claimTasks',
          summary: 'Claim tasks',
          description: 'Answers as soon as there is a task, with none once `waitSeconds` are over.',
          params: schemas.QueueParams,
          body: schemas.ClaimRequest,
          response: { 200: schemas.ClaimedTasks },
        },
      },
      async (request, reply) => {
        const { params, body, log } = request;
        const { queue } = params;
        const { max = 1, leaseSeconds, waitSeconds = 0, worker } = body;
        const unheard = signalWhenUnheard(reply);
        const refused = new AbortController();
        const unwatch = app.watchCaller(request, reply, (refusal) => refused.abort(refusal));
        const ended = AbortSignal.any([unheard, refused.signal]);
        const tasks = await waitingClaims
          .claim(queue, { max, leaseSeconds, worker }, waitSeconds * 1000, ended)
          .finally(unwatch);
        // What was claimed before the right was lost is the caller's.
        if (tasks.length === 0 && refused.signal.aborted) throw refused.signal.reason;
        if (tasks.length > 0) log.debug({ queue, worker, taskIds: tasks.map(({ taskId }) => taskId) }, 'claimed');
        const release = async (): Promise<void> => {
          await Promise.all(tasks.map(({ taskId, fence = '' }) => options.taskLeases.release(taskId, fence))).catch(
            (error) => log.warn({ err: error }, 'tasks of a client that left come back when their lease runs out'),
          );
        };
        if (unheard.aborted) await release();
        else unheard.addEventListener('abort', () => void release());
        return { tasks: tasks.map(claimedBody) };
      },
    );

    app.post(
      '/queues/:queue/redrive',
      {
        config: { ...keyed(), optionalBody: true },
        schema: {
          tags,
          operationId: 'redriveTasks',
          summary: 'Bring back tasks of a queue that have failed or were shed, at most 1,000',
          description: 'The newest first; those with the status FAILURE unless the body says SHED.',
          params: schemas.QueueParams,
          body: schemas.RedriveRequest,
          response: { 200: schemas.Redriven },
        },
      },
      async ({ params: { queue }, body, log }) => {
        const redriven = await options.redriveTasks.all(queue, body);
        log.info({ queue, redriven }, 'redriven');
        return { redriven };
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

const recordQueueChange = (request: FastifyRequest, queue: string, { before, after }: Partial<QueueChanged>): void =>
  recordChange(request, 'queue', queue, before && loggedBody(before), after && loggedBody(after));

/** More people read the log than the settings, and a query may hold a key of the service that is called. */
function loggedBody(queue: Queue): object {
  const { runner, ...settings } = settingsBody(queue);
  return runner ? { ...settings, runner: { ...runner, url: runner.url.replace(/[?#].*$/s, '?***') } } : settings;
}

/** Aborts when the client leaves before it has the whole answer. */
function signalWhenUnheard({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  raw.once('close', abort);
  raw.once('finish', () => raw.off('close', abort));
  return controller.signal;
}

const ALL_PROBLEMS: ProblemTable = { ...generalProblems, ...problems };

/** What became of one task of a batch: others may have been added, so that nothing here fails the whole. */
function batchResult(outcome: PromiseSettledResult<EnqueueResult>, publicPath: string, log: FastifyBaseLogger) {
  if (outcome.status === 'fulfilled') return { task: taskBody(outcome.value.task) };
  const error = outcome.reason instanceof DomainError ? outcome.reason : undefined;
  const code = error?.code ?? 'INTERNAL';
  const problem = ALL_PROBLEMS[code] as Problem;
  if (isFailure(problem)) log.error({ err: outcome.reason, code }, 'a task of a batch failed');
  return { problem: problemDetails(publicPath, code, problem, error) };
}
