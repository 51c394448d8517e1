import type { Random } from '../../ports/system.ts';

export const systemRandom: Random = { next: () => Math.random() };
