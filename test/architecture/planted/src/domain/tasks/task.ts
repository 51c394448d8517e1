// breaks: domain-keeps-to-its-context
import type { PollStore } from '../../ports/votes.ts';

export const task: PollStore | undefined = undefined;
