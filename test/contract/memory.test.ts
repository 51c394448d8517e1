import { describe, expect, it } from '@jest/globals';
import { MemoryAnswerStore } from '../../src/adapters/memory/answer-store.ts';
import { MemoryChangeFeed } from '../../src/adapters/memory/change-feed.ts';
import { MemoryConnectionRegistry } from '../../src/adapters/memory/connection-registry.ts';
import { MemoryFlagStore } from '../../src/adapters/memory/flag-store.ts';
import { MemoryFlagTickets } from '../../src/adapters/memory/flag-tickets.ts';
import { MemoryLimitPolicyStore } from '../../src/adapters/memory/limit-policy-store.ts';
import { MemoryLimitStore } from '../../src/adapters/memory/limit-store.ts';
import { MemoryPolicyStore } from '../../src/adapters/memory/policy-store.ts';
import { MemoryPollStore } from '../../src/adapters/memory/poll-store.ts';
import { MemoryQueueStore } from '../../src/adapters/memory/queue-store.ts';
import { MemoryRateCache } from '../../src/adapters/memory/rate-cache.ts';
import { MemoryReplyLimit } from '../../src/adapters/memory/reply-limit.ts';
import { MemoryStockStore } from '../../src/adapters/memory/stock-store.ts';
import { MemoryTallyStore } from '../../src/adapters/memory/tally-store.ts';
import { MemoryTaskStore } from '../../src/adapters/memory/task-store.ts';
import { MemoryVoteLedger } from '../../src/adapters/memory/vote-ledger.ts';
import { MemoryVoterKeys } from '../../src/adapters/memory/voter-keys.ts';
import { completed, type Task } from '../../src/domain/tasks/task.ts';
import { REPLY_PAUSE_MS } from '../../src/domain/votes/answer-sms.ts';
import type { ShardImage } from '../../src/domain/votes/tally.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { aTask, T0 } from '../helpers/tasks.ts';
import { describeAnswerStore } from './answer-store.contract.ts';
import { describeConnectionRegistry } from './connection-registry.contract.ts';
import { describeFlagStore } from './flag-store.contract.ts';
import { describeFlagTickets } from './flag-tickets.contract.ts';
import { describeLimitPolicyStore } from './limit-policy-store.contract.ts';
import { describeLimitStore } from './limit-store.contract.ts';
import { describePolicyStore } from './policy-store.contract.ts';
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

describeAnswerStore('memory', async () => new MemoryAnswerStore());
describePollStore('memory', async (polls) => new MemoryPollStore(polls));
describeTallyStore('memory', async () => new MemoryTallyStore());
describeReplyLimit('memory', async () => new MemoryReplyLimit(), 300);
describeVoteLedger('memory', async () => new MemoryVoteLedger(seededRandom(1), new MemoryChangeFeed()));
describeVoterKeys('memory', async () => new MemoryVoterKeys());
describeShardFeed('memory', async () => {
  const feed = new MemoryChangeFeed<ShardImage>();
  return { feed, ledger: new MemoryVoteLedger(seededRandom(1), feed) };
});

describePolicyStore('memory', async () => {
  const store = new MemoryPolicyStore();
  return { one: store, other: store };
});
describeLimitPolicyStore('memory', async () => new MemoryLimitPolicyStore());
describeLimitStore('memory', async () => {
  const clock = new FakeClock();
  const store = new MemoryLimitStore(clock);
  return { store, other: store, pass: (ms) => clock.advance(ms) };
});
describeConnectionRegistry('memory', async () => new MemoryConnectionRegistry());
describeFlagStore('memory', async () => new MemoryFlagStore());
describeFlagTickets('memory', async () => new MemoryFlagTickets());
describeStockStore('memory', async () => new MemoryStockStore());
describeRateCache('memory', async () => {
  const clock = new FakeClock();
  const cache = new MemoryRateCache(clock, () => clock.now());
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

  await store.runMaintenance('q', T0 + 999);
  expect(await store.get(early.taskId)).toBeDefined();

  await store.runMaintenance('q', T0 + 1_000);
  expect(await store.get(early.taskId)).toBeUndefined();
  expect(await store.stats('q', T0)).toMatchObject({ deadLetters: 1, pending: 1 });

  await store.runMaintenance('q', T0 + 1_001);
  expect(await store.get(late.taskId)).toBeUndefined();
  expect(await store.stats('q', T0)).toMatchObject({ deadLetters: 0, pending: 1 });
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

describe('the memory of tasks', () => {
  const text = (bytes: number) => JSON.stringify('x'.repeat(bytes));

  it('forgets the oldest finished tasks when it is full, then adds no more, and never what is open', async () => {
    const store = new MemoryTaskStore(Number.MAX_SAFE_INTEGER, 100_000);
    const tasks = Array.from({ length: 40 }, () => aTask({ payload: text(5_000) }));
    const kinds: string[] = [];
    for (const task of tasks.slice(0, 10)) kinds.push((await store.add(task, 1_000)).kind);
    for (const task of tasks.slice(0, 5)) await store.replace(task, completed(task, text(5_000), T0));
    for (const task of tasks.slice(10)) kinds.push((await store.add(task, 1_000)).kind);

    const added = kinds.lastIndexOf('added') + 1;
    expect(kinds).toEqual([...Array(added).fill('added'), ...Array(40 - added).fill('full')]);
    expect(added).toBeGreaterThan(15);
    const found = await Promise.all(tasks.slice(0, added).map(({ taskId }) => store.get(taskId)));
    expect(found.slice(0, 4)).toEqual(Array(4).fill(undefined));
    // The last result can still be read.
    expect(found.slice(4).every(Boolean)).toBe(true);
    expect((await store.stats('q', T0)).counters).toMatchObject({ enqueued: added, refused: 40 - added });
  });

  it('has room again once tasks are done, or removed', async () => {
    const store = new MemoryTaskStore(Number.MAX_SAFE_INTEGER, 20_000);
    const tasks = Array.from({ length: 3 }, () => aTask({ payload: text(8_000) }));
    for (const task of tasks.slice(0, 2)) expect((await store.add(task, 1_000)).kind).toBe('added');
    expect((await store.add(tasks[2] as Task, 1_000)).kind).toBe('full');

    for (const task of tasks.slice(0, 2)) await store.replace(task, completed(task, undefined, T0));
    expect((await store.add(tasks[2] as Task, 1_000)).kind).toBe('added');
  });

  it('looks at what is due alone: a hundred thousand that are not cost a claim nothing', async () => {
    const store = new MemoryTaskStore(Number.MAX_SAFE_INTEGER);
    let passed = 0;
    for (let count = 0; count < 2_000; count++) {
      const task = aTask({ notBefore: T0 + 60_000 });
      const get = () => {
        passed++;
        return T0 + 60_000;
      };
      Object.defineProperty(task, 'notBefore', { enumerable: true, get });
      await store.add(task, 10_000);
    }
    const due = aTask();
    await store.add(due, 10_000);
    passed = 0;

    expect(await store.listClaimable('q', 'lifo', 10, T0)).toEqual([due.taskId]);
    expect(passed).toBeLessThan(50);
    expect(await store.listClaimable('q', 'lifo', 3_000, T0 + 60_000)).toHaveLength(2_001);
  });
});
