import type { ActiveQueues, WakeUps } from '../../ports/tasks.ts';
import type { Task } from './task.ts';

/** Tells of a change that is stored. It stands, heard of or not: the next sweep tells of it again. */
const announce = (wakeUps: WakeUps, queue: string, inMs = 0): Promise<void> =>
  wakeUps.notify([queue], inMs).catch(() => undefined);

/** Tells when a task can be claimed, if it can. @param now epoch ms */
export async function announceTask(wakeUps: WakeUps, { queue, status, notBefore }: Task, now: number): Promise<void> {
  if (status === 'PENDING') await announce(wakeUps, queue, Math.max(0, notBefore - now));
}

/** Tells of a task that was put into a queue, in which there may have been none. @param inMs when it can be claimed */
export async function announceNew(active: ActiveQueues, wakeUps: WakeUps, queue: string, inMs = 0): Promise<void> {
  await Promise.all([announce(wakeUps, queue, inMs), active.touch(queue).catch(() => undefined)]);
}

/** Tells all processes of settings with which a queue may be claimed from. */
export async function announceSettings(active: ActiveQueues, wakeUps: WakeUps, queue: string): Promise<void> {
  await Promise.all([announce(wakeUps, queue), active.renew(queue).catch(() => undefined)]);
}
