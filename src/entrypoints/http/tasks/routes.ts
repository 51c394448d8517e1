import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { Static } from 'typebox';
import { invalidRequest } from '../../../domain/shared/domain-error.ts';
import type { ClaimTasks } from '../../../domain/tasks/claim-tasks.ts';
import type { CompleteTask } from '../../../domain/tasks/complete-task.ts';
import type { ConfigureQueue } from '../../../domain/tasks/configure-queue.ts';
import type { EnqueueTask } from '../../../domain/tasks/enqueue-task.ts';
import type { ExtendLease } from '../../../domain/tasks/extend-lease.ts';
import type { FailTask } from '../../../domain/tasks/fail-task.ts';
import type { FindQueues, QueueView } from '../../../domain/tasks/find-queues.ts';
import type { FindTasks } from '../../../domain/tasks/find-tasks.ts';
import { payloadText, resultText } from '../../../domain/tasks/json-text.ts';
import type { QueueSettings } from '../../../domain/tasks/queue.ts';
import type { RedriveTasks } from '../../../domain/tasks/redrive-tasks.ts';
import type { ReleaseTask } from '../../../domain/tasks/release-task.ts';
import type { Task } from '../../../domain/tasks/task.ts';
import type { WakeUpSignals } from '../../../ports/tasks.ts';
import { pageRequest, timestamp } from '../schemas.ts';
import * as schemas from './schemas.ts';
import { taskIdOfKey } from './task-id-of-key.ts';
import { WaitingClaims } from './waiting-claims.ts';

export interface TasksRoutesOptions {
  readonly enqueueTask: EnqueueTask;
  readonly findTasks: FindTasks;
  readonly claimTasks: ClaimTasks;
  readonly extendLease: ExtendLease;
  readonly completeTask: CompleteTask;
  readonly failTask: FailTask;
  readonly releaseTask: ReleaseTask;
  readonly redriveTasks: RedriveTasks;
  readonly findQueues: FindQueues;
  readonly configureQueue: ConfigureQueue;
  readonly signals: WakeUpSignals;
}

const tags = ['tasks'];

/** Every route needs a key and the store. */
const config = (...problems: readonly string[]) => ({ key: true, problems: [...problems, 'STORE_UNAVAILABLE'] });

export const tasksRoutes = (options: TasksRoutesOptions): FastifyPluginAsync => {
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    app.post(
      '/queues/:queue/tasks',
      {
        config: config('TASKS_PAYLOAD_TOO_LARGE', 'IDEMPOTENCY_KEY_REUSED', 'TASKS_QUEUE_FULL'),
        schema: {
          tags,
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

    app.get(
      '/queues/:queue/tasks',
      {
        config: config(),
        schema: {
          tags,
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
        config: config(),
        schema: {
          tags,
          summary: 'List queues by name',
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
        config: config('TASKS_QUEUE_NOT_FOUND'),
        schema: {
          tags,
          summary: 'Read a queue: settings, what it holds, what it has done',
          params: schemas.QueueParams,
          response: { 200: schemas.QueueBody },
        },
      },
      async ({ params: { queue } }) => queueBody(await options.findQueues.byName(queue)),
    );

    app.put(
      '/queues/:queue',
      {
        config: config(),
        schema: {
          tags,
          summary: 'Configure a queue; what is left out has its default',
          params: schemas.QueueParams,
          body: schemas.QueueDraft,
          response: { 200: schemas.QueueSettingsBody },
        },
      },
      async ({ params: { queue }, body }) => {
        if (body.runner && !isHttpUrl(body.runner.url))
          throw invalidRequest({
            path: 'runner.url',
            message: 'must be an address that begins with http:// or https://',
          });
        return settingsBody(await options.configureQueue.execute(queue, body));
      },
    );

    const waitingClaims = new WaitingClaims(options.claimTasks, options.signals);
    app.addHook('preClose', async () => waitingClaims.close());
    app.post(
      '/queues/:queue/claims',
      {
        config: config(),
        schema: {
          tags,
          summary: 'Claim tasks',
          description: 'Answers as soon as there is a task, with none once `waitSeconds` are over.',
          params: schemas.QueueParams,
          body: schemas.ClaimRequest,
          response: { 200: schemas.ClaimedTasks },
        },
      },
      async ({ params: { queue }, body: { max = 1, leaseSeconds, waitSeconds = 0, worker }, log }, reply) => {
        const unheard = signalWhenUnheard(reply);
        const tasks = await waitingClaims.claim(queue, { max, leaseSeconds }, waitSeconds * 1000, unheard);
        if (tasks.length > 0) log.debug({ queue, worker, taskIds: tasks.map(({ taskId }) => taskId) }, 'claimed');
        const release = async (): Promise<void> => {
          await Promise.all(tasks.map(({ taskId, fence = '' }) => options.releaseTask.execute(taskId, fence))).catch(
            (error) => log.warn({ err: error }, 'tasks of a client that left come back when their lease runs out'),
          );
        };
        if (unheard.aborted) await release();
        else unheard.addEventListener('abort', () => void release());
        return { tasks: tasks.map(claimedBody) };
      },
    );

    app.get(
      '/tasks/:taskId',
      {
        config: config('TASKS_NOT_FOUND'),
        schema: {
          tags,
          summary: 'Read a task',
          params: schemas.TaskParams,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId } }) => taskBody(await options.findTasks.byId(taskId)),
    );

    app.post(
      '/tasks/:taskId/heartbeat',
      {
        config: config('TASKS_NOT_FOUND', 'TASKS_LEASE_LOST'),
        schema: {
          tags,
          summary: 'Keep a task: its lease begins anew',
          params: schemas.TaskParams,
          body: schemas.Heartbeat,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId }, body: { fence, leaseSeconds } }) =>
        taskBody(await options.extendLease.execute(taskId, fence, leaseSeconds)),
    );

    app.post(
      '/tasks/:taskId/complete',
      {
        config: config('TASKS_RESULT_TOO_LARGE', 'TASKS_NOT_FOUND', 'TASKS_LEASE_LOST'),
        schema: {
          tags,
          summary: 'Finish a task with SUCCESS',
          params: schemas.TaskParams,
          body: schemas.Completion,
          response: { 200: schemas.TaskBody },
        },
        preValidation: async ({ body }) => void resultText((body as { result?: unknown } | null)?.result),
      },
      async ({ params: { taskId }, body: { fence, result } }) =>
        taskBody(await options.completeTask.execute(taskId, fence, result)),
    );

    app.post(
      '/tasks/:taskId/fail',
      {
        config: config('TASKS_NOT_FOUND', 'TASKS_LEASE_LOST'),
        schema: {
          tags,
          summary: 'Say that an attempt failed',
          params: schemas.TaskParams,
          body: schemas.Failure,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId }, body: { fence, error, retry = true } }) =>
        taskBody(await options.failTask.execute(taskId, fence, { error, retry })),
    );

    app.post(
      '/tasks/:taskId/release',
      {
        config: config('TASKS_NOT_FOUND', 'TASKS_LEASE_LOST'),
        schema: {
          tags,
          summary: 'Give a task back, with its attempt',
          params: schemas.TaskParams,
          body: schemas.Release,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId }, body: { fence, delaySeconds } }) =>
        taskBody(await options.releaseTask.execute(taskId, fence, delaySeconds)),
    );

    app.post(
      '/tasks/:taskId/redrive',
      {
        config: config('TASKS_NOT_FOUND', 'TASKS_NOT_REDRIVABLE'),
        schema: {
          tags,
          summary: 'Bring a FAILURE back into its queue',
          params: schemas.TaskParams,
          response: { 200: schemas.TaskBody },
        },
      },
      async ({ params: { taskId } }) => taskBody(await options.redriveTasks.one(taskId)),
    );

    app.post(
      '/queues/:queue/redrive',
      {
        config: config(),
        schema: {
          tags,
          summary: 'Bring back every FAILURE of a queue, at most 1,000',
          params: schemas.QueueParams,
          response: { 200: schemas.Redriven },
        },
      },
      async ({ params: { queue }, log }) => {
        const redriven = await options.redriveTasks.all(queue);
        log.info({ queue, redriven }, 'redriven');
        return { redriven };
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

/** Aborts when the client leaves before it has the whole answer. */
function signalWhenUnheard({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  raw.once('close', abort);
  raw.once('finish', () => raw.off('close', abort));
  return controller.signal;
}

const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

const timestampOrNone = (epoch: number | undefined): string | undefined =>
  epoch === undefined ? undefined : timestamp(epoch);
const jsonOrNone = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));

function taskBody(task: Task): Static<typeof schemas.TaskBody> {
  const { taskId, queue, status, attempt, maxAttempts, error, shedReason } = task;
  return {
    taskId,
    queue,
    status,
    attempt,
    maxAttempts,
    payload: JSON.parse(task.payload),
    result: jsonOrNone(task.result),
    error,
    shedReason,
    createdAt: timestamp(task.createdAt),
    notBefore: timestamp(task.notBefore),
    expiresAt: timestamp(task.expiresAt),
    claimedAt: timestampOrNone(task.claimedAt),
    leaseUntil: timestampOrNone(task.leaseUntil),
    finishedAt: timestampOrNone(task.finishedAt),
  };
}

const claimedBody = ({ taskId, payload, attempt, fence = '', leaseUntil = 0 }: Task) => ({
  taskId,
  payload: JSON.parse(payload) as unknown,
  attempt,
  fence,
  leaseUntil: timestamp(leaseUntil),
});

const settingsBody = (settings: QueueSettings): Static<typeof schemas.QueueSettingsBody> => settings;

function queueBody({ settings, figures, effectiveOrder, asOf }: QueueView): Static<typeof schemas.QueueBody> {
  const { pending, taken, deadLetters, oldestPendingAt, newestPendingAt, throughputPerSecond, counters } = figures;
  const age = (createdAt: number | undefined): number | null => (createdAt === undefined ? null : asOf - createdAt);
  return {
    ...settings,
    effectiveOrder,
    pending,
    taken,
    deadLetters,
    oldestPendingAgeMs: age(oldestPendingAt),
    newestPendingAgeMs: age(newestPendingAt),
    throughputPerSecond: Math.round((throughputPerSecond ?? 0) * 1000) / 1000,
    counters,
    ...(figures.approximate.length > 0 ? { approximate: figures.approximate.map(nameInBody) } : {}),
  };
}

const nameInBody = (figure: string): string => figure.replace(/At$/, 'AgeMs');
