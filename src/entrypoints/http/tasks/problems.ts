import type { ProblemTable } from '../problems.ts';

export const problems: ProblemTable = {
  TASKS_NOT_FOUND: {
    status: 404,
    title: 'There is no such task',
    advice: 'Check the id. A finished task is kept for as long as `TASK_RETENTION_DAYS` says.',
  },
  TASKS_QUEUE_NOT_FOUND: {
    status: 404,
    title: 'There is no such queue',
    advice: 'A queue begins with its first task or with `PUT /queues/{queue}`. Check the name against `GET /queues`.',
  },
  TASKS_PAYLOAD_TOO_LARGE: {
    status: 413,
    title: 'The payload is too large',
    advice: 'A payload takes at most 32 KiB as JSON. Store what is larger elsewhere, and enqueue its address.',
  },
  TASKS_RESULT_TOO_LARGE: {
    status: 413,
    title: 'The result is too large',
    advice:
      'A result takes at most 32 KiB as JSON. The lease is still yours: store the result elsewhere, and complete the ' +
      'task with its address.',
  },
  TASKS_QUEUE_FULL: {
    status: 503,
    title: 'The queue is full',
    advice:
      'Nothing was enqueued. Send the same request again after `Retry-After` seconds, or raise `maxPending` of the queue.',
    isExpected: true,
  },
  TASKS_LEASE_LOST: {
    status: 409,
    title: 'The task is not yours any more',
    advice:
      'Stop working on it: the lease was ended, or it ran out and somebody else has the task. ' +
      'Send heartbeats before `leaseUntil`, or claim with a longer lease.',
  },
  TASKS_NOT_REDRIVABLE: {
    status: 409,
    title: 'Only a FAILURE or SHED can be redriven',
    advice: 'Read the task for its status. What was cancelled or done is enqueued anew, under another id.',
  },
  TASKS_NOT_CANCELLABLE: {
    status: 409,
    title: 'The task is finished',
    advice: 'Read the task for its status: there is nothing to cancel any more.',
  },
  TASKS_QUEUE_NOT_EMPTY: {
    status: 409,
    title: 'The queue holds open tasks',
    advice:
      'Let its tasks run, or remove those that are PENDING with `DELETE /queues/{queue}/tasks?status=PENDING`. Then delete ' +
      'the queue.',
  },
};
