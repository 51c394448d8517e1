import { afterAll } from '@jest/globals';
import { DynamoDbPollStore } from '../../src/adapters/dynamodb/poll-store.ts';
import { DynamoDbTallyStore } from '../../src/adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../src/adapters/dynamodb/vote-ledger.ts';
import { seededRandom } from '../helpers/fakes.ts';
import { startDynamoDbLocal } from '../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../helpers/servers/with-server.ts';
import { describePollStore } from './poll-store.contract.ts';
import { describeTallyStore } from './tally-store.contract.ts';
import { describeVoteLedger } from './vote-ledger.contract.ts';

await withServer('DynamoDB contracts', startDynamoDbLocal, async ({ endpoint }) => {
  const client = await clientOf(endpoint);
  afterAll(() => client.destroy());

  describePollStore('DynamoDB', async () => new DynamoDbPollStore(client, (await newVoteTables(client)).tallies));
  describeTallyStore('DynamoDB', async () => new DynamoDbTallyStore(client, (await newVoteTables(client)).tallies));
  describeVoteLedger('DynamoDB', async () => {
    const { votes } = await newVoteTables(client);
    return new DynamoDbVoteLedger(client, votes, 'eu-west-1', seededRandom(1));
  });
});
