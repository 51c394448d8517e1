import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamsClient } from '../../../src/adapters/dynamodb/streams/client.ts';
import { StreamConsumer } from '../../../src/adapters/dynamodb/streams/stream-consumer.ts';
import { VoteShardFeed } from '../../../src/adapters/dynamodb/streams/vote-shard-feed.ts';
import { DynamoDbTallyStore } from '../../../src/adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../../src/adapters/dynamodb/vote-ledger.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { FoldShards } from '../../../src/domain/votes/fold-shards.ts';
import { ballotsIn, totalsOf } from '../../../src/domain/votes/tally.ts';
import { eventually } from '../../helpers/eventually.ts';
import { seededRandom } from '../../helpers/fakes.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';

const poll = aPoll({ shards: 8 });

await withServer('Two regions', startDynamoDbLocal, ({ endpoint }) => {
  // Each region writes its own shards into a table of its own. What replication brings is the other table's stream,
  // which a partition holds back and then delivers again from the beginning.
  describe('two regions that each count their own shards and fold those of both', () => {
    let client: DynamoDBDocumentClient;
    const streams = streamsClient(endpoint);
    beforeAll(async () => {
      client = await clientOf(endpoint);
    });
    afterAll(() => {
      client.destroy();
      streams.destroy();
    });

    async function region(name: string, seed: number) {
      const tables = await newVoteTables(client);
      const ledger = new DynamoDbVoteLedger(client, tables.votes, name, seededRandom(seed));
      const tallies = new DynamoDbTallyStore(client, tables.tallies);
      const foldShards = new FoldShards(tallies, systemClock);
      /** Folds the stream of a region's table into this region's tally, from the oldest record on. */
      const follow = (table: string, as: string) => {
        const records = new StreamConsumer({
          client,
          streams,
          table,
          leaseTable: tables.leases,
          owner: `${name}-${as}`,
          clock: systemClock,
          leaseMs: 2_000,
          onError: () => undefined,
        });
        const feed = new VoteShardFeed(records, () => undefined);
        feed.start({ changes: async (images) => void (await foldShards.execute(images)), gap: async () => undefined });
        return feed;
      };
      let votes = 0;
      const vote = async (count: number, choice: number) => {
        for (let index = 0; index < count; index++)
          await ledger.record(
            poll,
            aBallot(`${name}-${++votes}`, { choices: [choice], acceptedAt: systemClock.now() }),
          );
      };
      const counted = async () => (await tallies.get('colors'))?.marks ?? new Map();
      return { table: tables.votes, follow, vote, counted };
    }

    it('both come to the truth after a partition, though each saw the other late and twice', async () => {
      const [east, west] = await Promise.all([region('us-east-1', 1), region('eu-west-1', 2)]);
      const feeds = [east.follow(east.table, 'own'), west.follow(west.table, 'own')];
      const fromWest = east.follow(west.table, 'other');
      await Promise.all([east.vote(30, 0), west.vote(20, 1)]);
      await eventually(east.counted, (marks) => ballotsIn(marks) === 50, 20_000);

      await fromWest.stop();
      await Promise.all([east.vote(15, 2), west.vote(25, 2)]);
      await eventually(east.counted, (marks) => ballotsIn(marks) === 65, 20_000);
      expect(totalsOf(await east.counted(), 3)).toEqual({ votes: [30, 20, 15], ballots: 65 });

      feeds.push(east.follow(west.table, 'again'), west.follow(east.table, 'late'));
      for (const { counted } of [east, west]) {
        const marks = await eventually(counted, (seen) => ballotsIn(seen) >= 90, 20_000);
        expect(totalsOf(marks, 3)).toEqual({ votes: [30, 20, 40], ballots: 90 });
      }
      await Promise.all(feeds.map((feed) => feed.stop()));
    }, 90_000);
  });
});
