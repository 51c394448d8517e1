/** Adapters that keep everything in the process, for tests of the domain: `portside/memory`. */
export { MemoryActiveQueues } from './active-queues.ts';
export { MemoryAnswerStore } from './answer-store.ts';
export { MemoryChangeFeed } from './change-feed.ts';
export { type Maps, memoryMaps, type PartitionedMap } from './maps.ts';
export { MemoryPollStore } from './poll-store.ts';
export { MemoryQueueStore } from './queue-store.ts';
export { MemoryRateCache } from './rate-cache.ts';
export { ReferenceRates } from './reference-rates.ts';
export { MemoryReplyLimit } from './reply-limit.ts';
export { MemoryStockStore } from './stock-store.ts';
export { MemoryTallyStore } from './tally-store.ts';
export { MemoryTaskNotifier } from './task-notifier.ts';
export { MemoryTaskStore } from './task-store.ts';
export { MemoryVoteLedger } from './vote-ledger.ts';
export { MemoryVoterKeys } from './voter-keys.ts';
