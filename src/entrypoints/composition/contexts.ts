import { access } from './access/context.ts';
import type { Context } from './context.ts';
import { feedback } from './feedback/context.ts';
import { flags } from './flags/context.ts';
import { limits } from './limits/context.ts';
import { stocks } from './stocks/context.ts';
import { tasks } from './tasks/context.ts';
import { votes } from './votes/context.ts';

/** The bounded contexts of the service. A new one is one more entry; `feedback` joins votes to tasks, and stands behind both. */
export const contexts: readonly Context[] = [votes, stocks, tasks, access, limits, flags, feedback];
