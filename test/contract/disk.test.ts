import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { openDataDir } from '../../src/adapters/disk/data-dir.ts';
import { Database } from '../../src/adapters/disk/database.ts';
import { durable } from '../../src/adapters/disk/durable.ts';
import { diskMaps } from '../../src/adapters/disk/maps.ts';
import { DiskTaskStore } from '../../src/adapters/disk/task-store.ts';
import { MemoryAnswerStore } from '../../src/adapters/memory/answer-store.ts';
import { MemoryChangeFeed } from '../../src/adapters/memory/change-feed.ts';
import { MemoryFlagStore } from '../../src/adapters/memory/flag-store.ts';
import { MemoryFlagTickets } from '../../src/adapters/memory/flag-tickets.ts';
import { MemoryLimitPolicyStore } from '../../src/adapters/memory/limit-policy-store.ts';
import { MemoryLimitStore } from '../../src/adapters/memory/limit-store.ts';
import type { Maps } from '../../src/adapters/memory/maps.ts';
import { MemoryPolicyStore } from '../../src/adapters/memory/policy-store.ts';
import { MemoryPollStore } from '../../src/adapters/memory/poll-store.ts';
import { MemoryQueueStore } from '../../src/adapters/memory/queue-store.ts';
import { MemoryReplyLimit } from '../../src/adapters/memory/reply-limit.ts';
import { MemoryStockStore } from '../../src/adapters/memory/stock-store.ts';
import { MemoryTallyStore } from '../../src/adapters/memory/tally-store.ts';
import { MemoryVoteLedger } from '../../src/adapters/memory/vote-ledger.ts';
import { MemoryVoterKeys } from '../../src/adapters/memory/voter-keys.ts';
import type { ShardImage } from '../../src/domain/votes/tally.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { describeAnswerStore } from './answer-store.contract.ts';
import { describeFlagStore } from './flag-store.contract.ts';
import { describeFlagTickets } from './flag-tickets.contract.ts';
import { describeLimitPolicyStore } from './limit-policy-store.contract.ts';
import { describeLimitStore } from './limit-store.contract.ts';
import { describePolicyStore } from './policy-store.contract.ts';
import { describePollStore } from './poll-store.contract.ts';
import { describeQueueStore } from './queue-store.contract.ts';
import { describeReplyLimit } from './reply-limit.contract.ts';
import { describeShardFeed } from './shard-feed.contract.ts';
import { describeStockStore } from './stock-store.contract.ts';
import { describeTallyStore } from './tally-store.contract.ts';
import { describeTaskStore } from './task-store.contract.ts';
import { describeVoteLedger } from './vote-ledger.contract.ts';
import { describeVoterKeys } from './voter-keys.contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'portside-disk-'));
const opened: Database[] = [];

/** A folder of its own for each store. */
function database(): Database {
  const dataDir = openDataDir(join(folder, `${opened.length}`));
  const made = new Database(dataDir, (error) => {
    throw error;
  });
  opened.push(made);
  return made;
}

afterAll(async () => {
  for (const each of opened) await each.close();
  rmSync(folder, { recursive: true });
});

/** A store whose state is on disk. */
function onDisk<Store extends object>(make: (maps: Maps, disk: Database) => Store): Store {
  const disk = database();
  return durable(disk, make(diskMaps(disk), disk));
}

describeAnswerStore('disk', async () => onDisk((maps) => new MemoryAnswerStore(maps)));
describePollStore('disk', async (polls) => onDisk((maps) => new MemoryPollStore(polls, maps)));
describeTallyStore('disk', async () => onDisk((maps) => new MemoryTallyStore(maps)));
describeReplyLimit('disk', async () => onDisk((maps) => new MemoryReplyLimit(undefined, maps)), 300);
describeVoteLedger('disk', async () =>
  onDisk((maps) => new MemoryVoteLedger(seededRandom(1), new MemoryChangeFeed(maps.map('unfolded-shards')), maps)),
);
describeVoterKeys('disk', async () => onDisk((maps) => new MemoryVoterKeys(maps)));
describeShardFeed('disk', async () => {
  const disk = database();
  const maps = diskMaps(disk);
  const feed = new MemoryChangeFeed<ShardImage>(maps.map('unfolded-shards'), undefined, () => disk.durable());
  return { feed, ledger: durable(disk, new MemoryVoteLedger(seededRandom(1), feed, maps)) };
});
describePolicyStore('disk', async () => {
  const store = onDisk((maps) => new MemoryPolicyStore(maps));
  return { one: store, other: store };
});
describeLimitPolicyStore('disk', async () => onDisk((maps) => new MemoryLimitPolicyStore(maps)));
describeLimitStore('disk', async () => {
  const clock = new FakeClock();
  const store = onDisk((maps) => new MemoryLimitStore(clock, maps));
  return { store, other: store, pass: (ms) => clock.advance(ms) };
});
describeFlagStore('disk', async () => onDisk((maps) => new MemoryFlagStore(maps)));
describeFlagTickets('disk', async () => onDisk((maps) => new MemoryFlagTickets(maps)));
describeStockStore('disk', async () => onDisk((maps) => new MemoryStockStore([], maps)));
describeQueueStore('disk', async () => onDisk((maps) => new MemoryQueueStore(maps)));
describeTaskStore('disk', async (retentionMs) => onDisk((_, disk) => new DiskTaskStore(disk, retentionMs)));
