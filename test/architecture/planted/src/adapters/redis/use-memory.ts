// breaks: adapters-do-not-know-each-other
import { memoryPollStore } from '../memory/poll-store.ts';

export const polls = memoryPollStore;
