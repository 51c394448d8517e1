import { afterAll } from '@jest/globals';
import { DynamoDbPollStore } from '../../src/adapters/dynamodb/poll-store.ts';
import { DynamoDbStockStore } from '../../src/adapters/dynamodb/stock-store.ts';
import { DynamoDbTallyStore } from '../../src/adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../src/adapters/dynamodb/vote-ledger.ts';
import { streamsClient } from '../../src/adapters/streams/client.ts';
import { StreamShardFeed } from '../../src/adapters/streams/shard-feed.ts';
import { StreamConsumer } from '../../src/adapters/streams/stream-consumer.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { seededRandom } from '../helpers/fakes.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf, newStockTable, newVoteTables } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { describePollStore } from './poll-store.contract.ts';
import { describeShardFeed } from './shard-feed.contract.ts';
import { describeStockStore } from './stock-store.contract.ts';
import { describeTallyStore } from './tally-store.contract.ts';
import { describeVoteLedger } from './vote-ledger.contract.ts';

await withServer('DynamoDB contracts', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);

  describePollStore('DynamoDB', async () => new DynamoDbPollStore(client, (await newVoteTables(client)).tallies));
  describeTallyStore('DynamoDB', async () => new DynamoDbTallyStore(client, (await newVoteTables(client)).tallies));
  describeStockStore('DynamoDB', async () => new DynamoDbStockStore(client, await newStockTable(client)));
  describeVoteLedger('DynamoDB', async () => {
    const { votes } = await newVoteTables(client);
    return new DynamoDbVoteLedger(client, votes, 'eu-west-1', seededRandom(1));
  });

  const streams = streamsClient(endpoint);
  const consumers: StreamConsumer[] = [];
  afterAll(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    streams.destroy();
    client.destroy();
  });
  describeShardFeed('DynamoDB', async () => {
    const { votes, leases } = await newVoteTables(client);
    const consumer = new StreamConsumer({
      client,
      streams,
      table: votes,
      leaseTable: leases,
      owner: 'only',
      clock: systemClock,
      leaseMs: 6_000,
      onError: () => undefined,
    });
    consumers.push(consumer);
    return {
      feed: new StreamShardFeed(consumer, () => undefined),
      ledger: new DynamoDbVoteLedger(client, votes, 'eu-west-1', seededRandom(1)),
    };
  });
});
