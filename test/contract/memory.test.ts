import { expect, it } from '@jest/globals';
import { MemoryChangeFeed } from '../../src/adapters/memory/change-feed.ts';
import { MemoryPollStore } from '../../src/adapters/memory/poll-store.ts';
import { MemoryQueueStore } from '../../src/adapters/memory/queue-store.ts';
import { MemoryRateCache } from '../../src/adapters/memory/rate-cache.ts';
import { MemoryReplyLimit } from '../../src/adapters/memory/reply-limit.ts';
import { MemoryStockStore } from '../../src/adapters/memory/stock-store.ts';
import { MemoryTallyStore } from '../../src/adapters/memory/tally-store.ts';
import { MemoryTaskStore } from '../../src/adapters/memory/task-store.ts';
import { MemoryVoteLedger } from '../../src/adapters/memory/vote-ledger.ts';
import { MemoryVoterKeys } from '../../src/adapters/memory/voter-keys.ts';
import { completed } from '../../src/domain/tasks/task.ts';
import { REPLY_PAUSE_MS } from '../../src/domain/votes/answer-sms.ts';
import type { ShardImage } from '../../src/domain/votes/tally.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { aTask, T0 } from '../helpers/tasks.ts';
import { describePollStore } from './poll-store.contract.ts';
import { describeQueueStore } from './queue-store.contract.ts';
import { describeRateCache } from './rate-cache.contract.ts';
import { describeReplyLimit } from './reply-limit.contract.ts';
import { describeShardFeed } from './shard-feed.contract.ts';
import { describeStockStore } from './stock-store.contract.ts';
import { describeTallyStore } from './tally-store.contract.ts';
import { describeTaskStore } from './task-store.contract.ts';
import { describeVoteLedger } from './vote-ledger.contract.ts';
import { describeVoterKeys } from './voter-keys.contract.ts';

describePollStore('memory', async (polls) => new MemoryPollStore(polls));
describeTallyStore('memory', async () => new MemoryTallyStore());
describeReplyLimit('memory', async () => new MemoryReplyLimit(), 300);
describeVoteLedger('memory', async () => new MemoryVoteLedger(seededRandom(1), new MemoryChangeFeed()));
describeVoterKeys('memory', async () => new MemoryVoterKeys());
describeShardFeed('memory', async () => {
  const feed = new MemoryChangeFeed<ShardImage>();
  return { feed, ledger: new MemoryVoteLedger(seededRandom(1), feed) };
});

describeStockStore('memory', async () => new MemoryStockStore());
describeRateCache('memory', async () => {
  const clock = new FakeClock();
  const cache = new MemoryRateCache(clock);
  return { cache, other: cache, pass: async (ms) => clock.advance(ms) };
});

describeTaskStore('memory', async (retentionMs) => new MemoryTaskStore(retentionMs));
describeQueueStore('memory', async () => new MemoryQueueStore());

it('the memory store forgets finished tasks when their time is over, and no others', async () => {
  const store = new MemoryTaskStore(1_000);
  const [open, early, late] = [aTask(), aTask(), aTask()];
  for (const task of [open, early, late]) await store.add(task, 10);
  await store.replace(early, completed(early, undefined, T0));
  await store.replace(late, { ...completed(late, undefined, T0 + 1), status: 'FAILURE' });

  await store.tidy('q', T0 + 999);
  expect(await store.get(early.taskId)).toBeDefined();

  await store.tidy('q', T0 + 1_000);
  expect(await store.get(early.taskId)).toBeUndefined();
  expect(await store.figures('q', T0)).toMatchObject({ deadLetters: 1, pending: 1 });

  await store.tidy('q', T0 + 1_001);
  expect(await store.get(late.taskId)).toBeUndefined();
  expect(await store.figures('q', T0)).toMatchObject({ deadLetters: 0, pending: 1 });
  expect(await store.get(open.taskId)).toEqual(open);
});

it('the memory of replies holds so many senders of an hour, and leaves others without a reply', async () => {
  const limit = new MemoryReplyLimit(2);
  const allow = (sender: string, id: string, at: number) => limit.allow(sender, id, at);

  expect([await allow('a', '1', 0), await allow('b', '1', 1), await allow('c', '1', 2)]).toEqual([true, true, false]);
  expect([await allow('a', '1', 3), await allow('a', '2', 4)]).toEqual([true, true]);
  expect(await allow('c', '1', 1 + REPLY_PAUSE_MS)).toBe(true);
  expect(await allow('d', '1', 2 + REPLY_PAUSE_MS)).toBe(false);
  expect(await allow('d', '1', 4 + REPLY_PAUSE_MS)).toBe(true);
});
