import type { WakeUps } from '../../ports/tasks.ts';

/** Tells of a change that is stored. It stands, heard of or not: whoever is not woken finds out when he looks. */
export const announce = (wakeUps: WakeUps, queue: string): Promise<void> =>
  wakeUps.notify(queue).catch(() => undefined);
