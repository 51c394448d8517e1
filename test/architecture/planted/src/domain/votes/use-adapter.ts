// breaks: domain-keeps-to-its-context, only-composition-knows-adapters
import { memoryPollStore } from '../../adapters/memory/poll-store.ts';

export const polls = memoryPollStore;
