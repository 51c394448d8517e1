import { MemoryChangeFeed } from '../../src/adapters/memory/change-feed.ts';
import { MemoryPollStore } from '../../src/adapters/memory/poll-store.ts';
import { MemoryTallyStore } from '../../src/adapters/memory/tally-store.ts';
import { MemoryVoteLedger } from '../../src/adapters/memory/vote-ledger.ts';
import type { ShardImage } from '../../src/domain/votes/tally.ts';
import { seededRandom } from '../helpers/fakes.ts';
import { describePollStore } from './poll-store.contract.ts';
import { describeShardFeed } from './shard-feed.contract.ts';
import { describeTallyStore } from './tally-store.contract.ts';
import { describeVoteLedger } from './vote-ledger.contract.ts';

describePollStore('memory', async () => new MemoryPollStore());
describeTallyStore('memory', async () => new MemoryTallyStore());
describeVoteLedger('memory', async () => new MemoryVoteLedger(seededRandom(1), new MemoryChangeFeed()));
describeShardFeed('memory', async () => {
  const feed = new MemoryChangeFeed<ShardImage>();
  return { feed, ledger: new MemoryVoteLedger(seededRandom(1), feed) };
});
