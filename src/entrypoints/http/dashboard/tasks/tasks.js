import { pageQuery, request } from '../service.js';

/**
 * @import { Static } from 'typebox'
 * @import * as schemas from '../../tasks/schemas.ts'
 *
 * @typedef {Static<typeof schemas.QueueBody>} Queue
 * @typedef {Static<typeof schemas.QueueDraft>} QueueDraft
 * @typedef {Static<typeof schemas.TaskBody> & { isAbandoned: boolean }} Task
 * @typedef {Static<typeof schemas.NewTask>} NewTask
 * @typedef {Static<typeof schemas.TaskListQuery>['status']} ListedStatus
 * @typedef {Static<typeof schemas.PurgeQuery>['status']} PurgedStatus
 */

/** What is done with a thousand tasks may take so long. */
const LONG_MS = 30_000;
/** Tasks come with their payloads. */
const TASKS_AT_ONCE = 20;

/** @param {string} queue */
const pathOf = (queue) => `queues/${encodeURIComponent(queue)}`;

/**
 * Asks for what takes a key, as everything about tasks does.
 *
 * @param {Parameters<typeof request>[0]} method
 * @param {string} path
 * @param {Parameters<typeof request>[2]} [options]
 */
const ask = (method, path, options) => request(method, path, { ...options, withKey: true });

/**
 * A task, and whether the lease of its worker had run out when the service answered. The viewer's clock may be a wrong one.
 *
 * @param {unknown} body
 * @param {Headers} headers
 * @returns {Task}
 */
function asSeen(body, headers) {
  const task = /** @type {Static<typeof schemas.TaskBody>} */ (body);
  const isAbandoned =
    task.leaseUntil !== undefined && Date.parse(task.leaseUntil) <= Date.parse(headers.get('date') ?? '');
  return { ...task, isAbandoned };
}

/**
 * What is said of a figure of a queue: the words as they are, or marked where the figure is not exact.
 *
 * @param {Pick<Queue, 'approximate'>} queue
 * @param {keyof Queue} figure
 * @param {string} words
 */
export const approx = ({ approximate }, figure, words) => (approximate?.includes(figure) ? `≈\u00a0${words}` : words);

/**
 * A page of the queues, by name.
 *
 * @param {string} [cursor]
 */
export async function listQueues(cursor) {
  const { body } = await ask('GET', `queues?${pageQuery(cursor)}`);
  const { queues, nextCursor } = /** @type {Static<typeof schemas.QueueList>} */ (body);
  return { items: queues, nextCursor };
}

/**
 * @param {string} queue
 * @param {AbortSignal} signal
 * @returns {Promise<Queue & { etag: string }>} with the name of its settings as they are now
 */
export async function readQueue(queue, signal) {
  const { body, headers } = await ask('GET', pathOf(queue), { signal });
  return { .../** @type {Queue} */ (body), etag: headers.get('etag') ?? '*' };
}

/**
 * A page of the tasks of a queue, newest first.
 *
 * @param {string} queue
 * @param {ListedStatus} status
 * @param {string} [cursor]
 */
export async function listTasks(queue, status, cursor) {
  const query = pageQuery(cursor, TASKS_AT_ONCE);
  query.set('status', status);
  const { body, headers } = await ask('GET', `${pathOf(queue)}/tasks?${query}`);
  const { tasks, nextCursor } = /** @type {Static<typeof schemas.TaskList>} */ (body);
  return { items: tasks.map((task) => asSeen(task, headers)), nextCursor };
}

/**
 * @param {Parameters<typeof request>} asked
 * @returns {Promise<Task>}
 */
async function askTask(...asked) {
  const { body, headers } = await ask(...asked);
  return asSeen(body, headers);
}

/**
 * @param {string} taskId
 * @param {AbortSignal} signal
 */
export const readTask = (taskId, signal) => askTask('GET', `tasks/${encodeURIComponent(taskId)}`, { signal });

/**
 * @param {string} queue
 * @param {NewTask} task
 * @param {string} identity the same for the same task, so that it is there once however often it is sent
 */
export const enqueueTask = (queue, task, identity) =>
  askTask('POST', `${pathOf(queue)}/tasks`, { body: task, headers: { 'idempotency-key': identity } });

/**
 * Makes a task pending again that has failed or was shed, or takes back one that is not finished.
 *
 * @param {string} taskId
 * @param {'redrive' | 'cancel'} action
 */
export const changeTask = (taskId, action) => askTask('POST', `tasks/${encodeURIComponent(taskId)}/${action}`);

/**
 * Brings back tasks of a queue, the newest first.
 *
 * @param {string} queue
 * @param {'FAILURE' | 'SHED'} status
 * @param {number} limit
 * @returns {Promise<number>} how many
 */
export const redriveQueue = (queue, status, limit) =>
  inSteps(limit, async (limit) => {
    const { body } = await ask('POST', `${pathOf(queue)}/redrive`, { body: { status, limit }, timeoutMs: LONG_MS });
    return /** @type {Static<typeof schemas.Redriven>} */ (body).redriven;
  });

/**
 * @param {string} queue
 * @param {'pause' | 'resume'} action
 */
export const pauseOrResume = (queue, action) => ask('POST', `${pathOf(queue)}/${action}`);

/**
 * Replaces the settings of a queue.
 *
 * @param {string} queue
 * @param {QueueDraft} draft
 * @param {string} etag of the settings that it is made from
 */
export const configureQueue = (queue, draft, etag) =>
  ask('PUT', pathOf(queue), { body: draft, headers: { 'if-match': etag } });

/**
 * Deletes a queue that holds no open tasks.
 *
 * @param {string} queue
 * @param {string} etag of the settings that the viewer has seen
 */
export const deleteQueue = (queue, etag) => ask('DELETE', pathOf(queue), { headers: { 'if-match': etag } });

/**
 * Cancels the pending tasks of a queue, or removes those that are finished, all of them.
 *
 * @param {string} queue
 * @param {PurgedStatus} status
 * @returns {Promise<number>} how many
 */
export const purgeQueue = (queue, status) =>
  inSteps(Number.POSITIVE_INFINITY, async () => {
    const { body } = await ask('DELETE', `${pathOf(queue)}/tasks?status=${status}`, { timeoutMs: LONG_MS });
    return /** @type {Static<typeof schemas.Removed>} */ (body).removed;
  });

/** What the service does with tasks of a whole queue it does with so many at once. */
const AT_ONCE = 1_000;

/**
 * @param {number} limit
 * @param {(limit: number) => Promise<number>} step does something with so many tasks, unless there are fewer
 */
async function inSteps(limit, step) {
  let done = 0;
  for (let last = AT_ONCE; last === AT_ONCE && done < limit; done += last)
    last = await step(Math.min(AT_ONCE, limit - done));
  return done;
}
