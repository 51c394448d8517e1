// breaks: only-composition-knows-adapters
import type { memoryPollStore } from '../../adapters/memory/poll-store.ts';

export type Polls = typeof memoryPollStore;
