import type { Context } from './context.ts';
import { stocks } from './stocks/context.ts';
import { votes } from './votes/context.ts';

/** The bounded contexts of the service. A new one is one more entry. */
export const contexts = [votes, stocks] as unknown as readonly Context[];
