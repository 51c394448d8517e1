import { afterAll } from '@jest/globals';
import { DynamoDbActiveQueues } from '../../src/adapters/dynamodb/active-queues.ts';
import { DynamoDbAnswerStore } from '../../src/adapters/dynamodb/answer-store.ts';
import { DynamoDbConnectionRegistry } from '../../src/adapters/dynamodb/connection-registry.ts';
import { DynamoDbFlagStore } from '../../src/adapters/dynamodb/flag-store.ts';
import { DynamoDbFlagTickets } from '../../src/adapters/dynamodb/flag-tickets.ts';
import { DynamoDbLimitPolicyStore } from '../../src/adapters/dynamodb/limit-policy-store.ts';
import { DynamoDbLimitStore } from '../../src/adapters/dynamodb/limit-store.ts';
import { DynamoDbPolicyStore } from '../../src/adapters/dynamodb/policy-store.ts';
import { DynamoDbPollStore } from '../../src/adapters/dynamodb/poll-store.ts';
import { DynamoDbQueueStore } from '../../src/adapters/dynamodb/queue-store.ts';
import { DynamoDbReplyLimit } from '../../src/adapters/dynamodb/reply-limit.ts';
import { DynamoDbStockStore } from '../../src/adapters/dynamodb/stock-store.ts';
import { streamsClient } from '../../src/adapters/dynamodb/streams/client.ts';
import { StreamConsumer } from '../../src/adapters/dynamodb/streams/stream-consumer.ts';
import { VoteShardFeed } from '../../src/adapters/dynamodb/streams/vote-shard-feed.ts';
import { DynamoDbTallyStore } from '../../src/adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../src/adapters/dynamodb/vote-ledger.ts';
import { DynamoDbVoterKeys } from '../../src/adapters/dynamodb/voter-keys.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { countedBefore, StreamCounting, taskProcess } from '../helpers/counted-tasks.ts';
import { FakeClock, seededRandom } from '../helpers/fakes.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import {
  clientOf,
  newFlagTable,
  newLimitTable,
  newPolicyTable,
  newStockTable,
  newTaskTables,
  newVoteTables,
} from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { describeActiveQueues } from './active-queues.contract.ts';
import { describeAnswerStore } from './answer-store.contract.ts';
import { describeConnectionRegistry } from './connection-registry.contract.ts';
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

await withServer('DynamoDB contracts', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  const streams = streamsClient(endpoint);

  describePollStore('DynamoDB', async (polls) => {
    const store = new DynamoDbPollStore(client, (await newVoteTables(client)).tallies);
    for (const poll of [...polls].sort((one, other) => one.createdAt - other.createdAt)) await store.create(poll);
    return store;
  });
  describeAnswerStore('DynamoDB', async () => new DynamoDbAnswerStore(client, (await newVoteTables(client)).votes));
  describeTallyStore('DynamoDB', async () => new DynamoDbTallyStore(client, (await newVoteTables(client)).tallies));
  describeVoterKeys('DynamoDB', async () => new DynamoDbVoterKeys(client, (await newVoteTables(client)).votes));
  describePolicyStore('DynamoDB', async () => {
    const table = await newPolicyTable(client);
    return { one: new DynamoDbPolicyStore(client, table), other: new DynamoDbPolicyStore(client, table) };
  });
  describeStockStore('DynamoDB', async () => new DynamoDbStockStore(client, await newStockTable(client)));
  describeLimitPolicyStore('DynamoDB', async () => new DynamoDbLimitPolicyStore(client, await newLimitTable(client)));
  describeLimitStore('DynamoDB', async () => {
    const clock = new FakeClock();
    const table = await newLimitTable(client);
    const process = () => new DynamoDbLimitStore(client, table, clock, 10_000);
    return { store: process(), other: process(), pass: (ms) => clock.advance(ms) };
  });
  describeConnectionRegistry(
    'DynamoDB',
    async () => new DynamoDbConnectionRegistry(client, await newFlagTable(client), new FakeClock()),
  );
  describeFlagStore('DynamoDB', async () => new DynamoDbFlagStore(client, await newFlagTable(client)));
  describeFlagTickets('DynamoDB', async () => new DynamoDbFlagTickets(client, await newFlagTable(client)));
  describeQueueStore('DynamoDB', async () => new DynamoDbQueueStore(client, (await newTaskTables(client)).queues));
  describeTaskStore('DynamoDB', async (retentionMs) => {
    const tables = await newTaskTables(client);
    const process = taskProcess(client, tables, { retentionMs });
    const counting = new StreamCounting(client, streams, tables, process.counts);
    return countedBefore(counting, process.store);
  });
  describeActiveQueues('DynamoDB', async (clock) => {
    const { queues } = await newTaskTables(client);
    return {
      one: new DynamoDbActiveQueues(client, queues, clock),
      other: new DynamoDbActiveQueues(client, queues, clock),
    };
  });
  describeReplyLimit('DynamoDB', async () => new DynamoDbReplyLimit(client, (await newVoteTables(client)).votes), 20);
  describeVoteLedger('DynamoDB', async () => {
    const { votes } = await newVoteTables(client);
    return new DynamoDbVoteLedger(client, votes, 'eu-west-1', seededRandom(1));
  });

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
      feed: new VoteShardFeed(consumer, () => undefined),
      ledger: new DynamoDbVoteLedger(client, votes, 'eu-west-1', seededRandom(1)),
    };
  });
});
