import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbTallyStore } from '../../../src/adapters/dynamodb/tally-store.ts';
import { closeShard, DynamoDbVoteLedger, recordBallot } from '../../../src/adapters/dynamodb/vote-ledger.ts';
import { MemoryPollStore } from '../../../src/adapters/memory/poll-store.ts';
import { CheckTally } from '../../../src/domain/votes/check-tally.ts';
import type { Poll } from '../../../src/domain/votes/poll.ts';
import { ReadResults } from '../../../src/domain/votes/read-results.ts';
import { ballotsIn } from '../../../src/domain/votes/tally.ts';
import { countUnits } from '../../helpers/consumed-units.ts';
import { FakeClock, seededRandom } from '../../helpers/fakes.ts';
import { itemSize } from '../../helpers/item-size.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';
import { measureVoteUnits, type Way } from '../../suites/vote-units.ts';

const choices = (count: number): string[] => Array.from({ length: count }, (_, index) => `CHOICE ${index}`);

await withServer('Units of votes', startDynamoDbLocal, ({ endpoint }) => {
  let client: DynamoDBDocumentClient;
  beforeAll(async () => {
    client = await clientOf(endpoint);
  });
  afterAll(() => client.destroy());

  describe('a vote on DynamoDB', () => {
    it.each<[Way, Poll['voterLimit'], number, number]>([
      ['by JSON', 'none', 4, 4.1],
      ['by JSON', 'one', 6, 6.1],
      ['by text', 'none', 4, 4.1],
      ['by text, to a number that had another poll before', 'none', 6, 6.1],
      ['by text, to a number that had another poll before', 'one', 8, 8.1],
    ])(
      'costs, %s, in a poll of 48 shards and 3 choices whose voterLimit is %s, %i write units, with its tally at most %f',
      async (way, voterLimit, own, withTally) => {
        const units = await measureVoteUnits(client, { choices: choices(3), shards: 48, voterLimit }, 100, way);

        expect(units.writesPerVote).toBe(own);
        expect(units.writesPerVote + units.tallyWritesPerVote).toBeLessThanOrEqual(withTally);
        expect(units.tallyRequestsPerBatch).toBe(2);
      },
      90_000,
    );
  });

  describe('a check of a tally', () => {
    const clock = new FakeClock();

    async function world(fields: Partial<Poll>) {
      const tables = await newVoteTables(client);
      // Of the ledger alone, so that only what the checks read is counted.
      const counted = await clientOf(endpoint);
      const units = countUnits(counted);
      const ledger = new DynamoDbVoteLedger(counted, tables.votes, 'eu-west-1', seededRandom(1));
      const tallies = new DynamoDbTallyStore(client, tables.tallies);
      const poll = aPoll({ shards: 48, createdAt: clock.now(), ...fields });
      const polls = new MemoryPollStore([poll]);
      const checkTally = () => new CheckTally(polls, ledger, tallies, clock, () => undefined);
      return { tables, counted, units, ledger, tallies, polls, poll, checkTally };
    }

    /** Puts votes of every choice into every shard, as large as they get in a poll of nearly five milliards. */
    async function fill({ pollId, shards, choices }: Poll, table: string): Promise<void> {
      for (let shard = 0; shard < shards; shard++)
        await client.send(
          new PutCommand({ TableName: table, Item: fullShard(pollId, 'eu-west-1', shard, choices.length) }),
        );
    }

    it.each([2, 3, 100])('costs 48 read units in a poll of 48 shards and %i choices', async (count) => {
      const { tables, counted, units, poll, checkTally } = await world({ choices: choices(count) });
      await fill(poll, tables.votes);
      units.reset();

      const { tally } = await checkTally().execute(poll);
      counted.destroy();
      expect(ballotsIn(tally.marks)).toBe(48 * 99_999_999);
      expect(units).toMatchObject({ reads: 48, writes: 0, requests: 1 });
    });

    it.each([48, 150])(
      'costs at most 5 read units a second in a poll of %i shards that people look at through three processes',
      async (shards) => {
        const { counted, units, ledger, tallies, polls, poll, checkTally } = await world({ shards });
        await ledger.closeShards(poll);
        const processes = [1, 2, 3].map(() => new ReadResults(polls, tallies, checkTally(), clock));
        units.reset();

        const begin = clock.now();
        for (let look = 0; look < 240; look++) {
          clock.advance(250);
          const seen = await Promise.all(processes.map((results) => results.execute(poll.pollId)));
          for (const { stale } of seen) expect(stale).toBe(false);
        }
        const seconds = (clock.now() - begin) / 1_000;
        counted.destroy();
        expect(seconds).toBe(60);
        // Every counter is there, so each check reads them all, and none is left out. Beside them it reads the poll.
        const checks = units.reads / shards;
        expect(checks).toBe(shards === 48 ? 6 : 1);
        expect((units.reads + checks) / seconds).toBeLessThanOrEqual(5);
      },
      90_000,
    );
  });

  it('a ballot, a voter, a message and a counter are each smaller than a kilobyte at their largest', async () => {
    const pollId = 'p'.repeat(64);
    const region = 'r'.repeat(32);
    const { votes } = await newVoteTables(client);
    const pseudonym = 'A'.repeat(43);
    const poll = aPoll({ pollId, voterLimit: 'one', shards: 1_000 });
    const ballot = aBallot(pseudonym, { pollId, choices: [90, 91, 92, 93, 94, 95, 96, 97, 98, 99], voter: pseudonym });
    const vote = { poll, ballot, message: pseudonym, shard: { region, shard: 999 } };
    const puts = recordBallot(votes, vote).TransactItems?.flatMap(({ Put }) => Put?.Item ?? []) ?? [];

    const full = fullShard(pollId, region, 999, 100);
    await client.send(new PutCommand({ TableName: votes, Item: full }));
    await client.send(new UpdateCommand(closeShard(votes, poll, vote.shard)));
    const { Item } = await client.send(new GetCommand({ TableName: votes, Key: { pk: full.pk, sk: full.sk } }));
    // The item is what the ledger itself writes, and no field more or less.
    expect(Item).toEqual({ ...full, closed: 1_000 });
    expect(puts).toHaveLength(3);
    for (const item of [...puts, Item as object]) expect(itemSize({ ...item })).toBeLessThan(1_024);
  });
});

/** A counter that holds 999,999 votes of every choice. */
function fullShard(pollId: string, region: string, shard: number, choices: number): Record<string, unknown> {
  const votes = Object.fromEntries(Array.from({ length: choices }, (_, choice) => [`v${choice}`, 999_999]));
  return {
    pk: `SHARD#${pollId}#${region}#${shard}`,
    sk: 'SHARD',
    kind: 'shard',
    version: 2,
    pollId,
    region,
    shard,
    ballots: 99_999_999,
    lastVoteAt: 1_767_225_599_999,
    ...votes,
  };
}
