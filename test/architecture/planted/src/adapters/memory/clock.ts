import type { Clock } from '../../ports/system.ts';

export const clock: Clock = { now: () => Date.now(), earliest: () => 0 }; // wall clock
export const leaseUntil = new Date().getTime() + 4_000; // wall clock
export const allowed = (at: number) => [performance.now() + 4_000, new Date(at).toISOString()];
