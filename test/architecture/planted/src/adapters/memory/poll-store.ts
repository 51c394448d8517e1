import { setTimeout } from 'node:timers/promises';
import { poll } from '../../domain/votes/poll.ts';
import type { PollStore } from '../../ports/votes.ts';

export const memoryPollStore = { get: () => poll, clock: { now: () => 0 }, wait: setTimeout } satisfies PollStore;
