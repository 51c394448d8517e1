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

/** Tasks come with their payloads. */
const TASKS_AT_ONCE = 20;

/** @param {string} queue */
const pathOf = (queue) => `queues/${encodeURIComponent(queue)}`;

/** @param {string} taskId */
const taskPathOf = (taskId) => `tasks/${encodeURIComponent(taskId)}`;

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
  const { body } = await request('GET', `queues?${pageQuery(cursor)}`, { withKey: true });
  const { queues, nextCursor } = /** @type {Static<typeof schemas.QueueList>} */ (body);
  return { items: queues, nextCursor };
}

/**
 * @param {string} queue
 * @param {AbortSignal} signal
 * @returns {Promise<Queue & { etag: string }>} with the name of its settings as they are now
 */
export async function readQueue(queue, signal) {
  const { body, headers } = await request('GET', pathOf(queue), { withKey: true, signal });
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
  const { body, headers } = await request('GET', `${pathOf(queue)}/tasks?${query}`, { withKey: true });
  const { tasks, nextCursor } = /** @type {Static<typeof schemas.TaskList>} */ (body);
  return { items: tasks.map((task) => asSeen(task, headers)), nextCursor };
}

/**
 * @param {string} taskId
 * @param {AbortSignal} signal
 * @returns {Promise<Task>}
 */
export async function readTask(taskId, signal) {
  const { body, headers } = await request('GET', taskPathOf(taskId), { withKey: true, signal });
  return asSeen(body, headers);
}

/**
 * @param {string} queue
 * @param {NewTask} task
 * @param {string} idempotencyKey the same for the same task, so that it is there once however often it is sent
 * @returns {Promise<Task>}
 */
export async function enqueueTask(queue, task, idempotencyKey) {
  const identity = { 'idempotency-key': idempotencyKey };
  const path = `${pathOf(queue)}/tasks`;
  const { body, headers } = await request('POST', path, { body: task, headers: identity, withKey: true });
  return asSeen(body, headers);
}

/**
 * @param {string} taskId
 * @returns {Promise<Task>}
 */
export async function redriveTask(taskId) {
  const { body, headers } = await request('POST', `${taskPathOf(taskId)}/redrive`, { withKey: true });
  return asSeen(body, headers);
}

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
    const { body } = await request('POST', `${pathOf(queue)}/redrive`, { body: { status, limit }, withKey: true });
    return /** @type {Static<typeof schemas.Redriven>} */ (body).redriven;
  });

/**
 * Takes back a task that is not finished: nobody runs it any more.
 *
 * @param {string} taskId
 * @returns {Promise<Task>}
 */
export async function cancelTask(taskId) {
  const { body, headers } = await request('POST', `${taskPathOf(taskId)}/cancel`, { withKey: true });
  return asSeen(body, headers);
}

/**
 * @param {string} queue
 * @param {'pause' | 'resume'} action
 */
export const pauseOrResume = (queue, action) => request('POST', `${pathOf(queue)}/${action}`, { withKey: true });

/**
 * Replaces the settings of a queue.
 *
 * @param {string} queue
 * @param {QueueDraft} draft
 * @param {string} etag of the settings that it is made from
 */
export const configureQueue = (queue, draft, etag) =>
  request('PUT', pathOf(queue), { body: draft, headers: { 'if-match': etag }, withKey: true });

/**
 * Cancels the pending tasks of a queue, or removes those that are finished, all of them.
 *
 * @param {string} queue
 * @param {PurgedStatus} status
 * @returns {Promise<number>} how many
 */
export const purgeQueue = (queue, status) =>
  inSteps(Number.POSITIVE_INFINITY, async () => {
    const { body } = await request('DELETE', `${pathOf(queue)}/tasks?status=${status}`, { withKey: true });
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
