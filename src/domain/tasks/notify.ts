import type { ActiveQueues, TaskNotifier } from '../../ports/tasks.ts';
import type { Task } from './task.ts';

/** Best effort, after a committed change: a lost notification delays work until the next sweep at most. */
const notify = (notifier: TaskNotifier, queue: string, inMs = 0): Promise<void> =>
  notifier.notify([queue], inMs).catch(() => undefined);

/** Notifies of a task that is PENDING again. @param now epoch ms */
export async function notifyOfTask(
  notifier: TaskNotifier,
  { queue, status, notBefore }: Task,
  now: number,
): Promise<void> {
  if (status === 'PENDING') await notify(notifier, queue, Math.max(0, notBefore - now));
}

/** Notifies of a task added to a queue that may have been empty. @param inMs until it is claimable */
export async function notifyOfNewTask(
  active: ActiveQueues,
  notifier: TaskNotifier,
  queue: string,
  inMs = 0,
): Promise<void> {
  await Promise.all([notify(notifier, queue, inMs), active.touch(queue).catch(() => undefined)]);
}

/** Notifies all processes of settings that change how a queue is claimed from. */
export async function notifyOfSettings(active: ActiveQueues, notifier: TaskNotifier, queue: string): Promise<void> {
  await Promise.all([notify(notifier, queue), active.renew(queue).catch(() => undefined)]);
}
