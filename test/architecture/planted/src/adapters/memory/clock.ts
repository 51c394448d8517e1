import type { Clock } from '../../ports/system.ts';

export const clock: Clock = { now: () => Date.now(), earliest: () => 0 };
