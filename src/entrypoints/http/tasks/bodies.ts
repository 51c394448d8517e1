import type { Static } from 'typebox';
import type { QueueView } from '../../../domain/tasks/find-queues.ts';
import type { Queue } from '../../../domain/tasks/queue.ts';
import { withoutSecrets } from '../../../domain/tasks/runner-secrets.ts';
import type { Task } from '../../../domain/tasks/task.ts';
import { timestamp } from '../schemas.ts';
import type * as schemas from './schemas.ts';

const timestampOrNone = (epoch: number | undefined): string | undefined =>
  epoch === undefined ? undefined : timestamp(epoch);
const jsonOrNone = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));

export function taskBody(task: Task): Static<typeof schemas.TaskBody> {
  const { taskId, queue, status, attempt, maxAttempts, error, shedReason, worker, history = [] } = task;
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
    worker,
    history: history.map(({ claimedAt, endedAt, ...end }) => ({
      ...end,
      claimedAt: timestamp(claimedAt),
      endedAt: timestamp(endedAt),
    })),
  };
}

export const claimedBody = (task: Task) => ({
  taskId: task.taskId,
  payload: JSON.parse(task.payload) as unknown,
  attempt: task.attempt,
  maxAttempts: task.maxAttempts,
  fence: task.fence ?? '',
  leaseUntil: timestamp(task.leaseUntil ?? 0),
  createdAt: timestamp(task.createdAt),
  expiresAt: timestamp(task.expiresAt),
});

export const settingsBody = ({ breaker, turn, version, ...queue }: Queue): Static<typeof schemas.QueueSettingsBody> =>
  withoutSecrets(queue);

/** Names the settings that were put, and nothing else of the queue. */
export const etagOf = ({ version = 'first' }: Queue): string => `"${version}"`;

export function queueBody({ settings, stats, effectiveOrder, asOf }: QueueView): Static<typeof schemas.QueueBody> {
  const { pending, delayed, taken, deadLetters, throughputPerSecond, counters } = stats;
  const age = (since: number | undefined): number | null => (since === undefined ? null : Math.max(0, asOf - since));
  return {
    ...settingsBody(settings),
    effectiveOrder,
    breaker: settings.breaker ? 'open' : 'closed',
    pending,
    delayed,
    taken,
    deadLetters,
    oldestPendingAgeMs: age(stats.oldestPendingAt),
    newestPendingAgeMs: age(stats.newestPendingAt),
    oldestDueAgeMs: age(stats.oldestDueAt),
    throughputPerSecond: Math.round((throughputPerSecond ?? 0) * 1000) / 1000,
    counters,
    ...(stats.approximate.length > 0 ? { approximate: stats.approximate.map(nameInBody) } : {}),
  };
}

const nameInBody = (figure: string): string => figure.replace(/At$/, 'AgeMs');
