import { BatchWriteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { ballotKey, voterKey } from '../../../src/adapters/dynamodb/vote-keys.ts';
import { DynamoDbVoteLedger } from '../../../src/adapters/dynamodb/vote-ledger.ts';
import type { Poll } from '../../../src/domain/votes/poll.ts';
import { seededRandom } from '../../helpers/fakes.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { FaultyProxy, type ProxiedRequest, refusal } from '../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aPoll } from '../../helpers/votes.ts';

const BUCKETS = 64;
const [EAST, WEST, SOUTH] = ['us-east-1', 'eu-west-1', 'sa-east-1'] as const;

await withServer('the count of ballots', startDynamoDbLocal, async (server) => {
  const direct = await clientOf(server.endpoint);
  const proxy = await FaultyProxy.start(server.endpoint);
  const { votes } = await newVoteTables(direct);
  afterAll(async () => {
    direct.destroy();
    await proxy.stop();
  });

  let client: DynamoDBDocumentClient;
  let poll: Poll;
  let made = 0;
  beforeEach(async () => {
    client = await clientOf(proxy.endpoint);
    proxy.reset();
    poll = aPoll({ pollId: `p${++made}` });
  });
  afterEach(() => {
    client.destroy();
    jest.restoreAllMocks();
  });

  const ledgerOf = (region: string) => new DynamoDbVoteLedger(client, votes, region, seededRandom(1));
  const put = async (items: readonly Record<string, unknown>[]): Promise<void> => {
    for (let first = 0; first < items.length; first += 25) {
      const requests = items.slice(first, first + 25).map((Item) => ({ PutRequest: { Item } }));
      await direct.send(new BatchWriteCommand({ RequestItems: { [votes]: requests } }));
    }
  };
  const ballots = (count: number, region: string) =>
    Array.from({ length: count }, (_, index) => ({ ...ballotKey(poll.pollId, `${region}-${index}`), region }));
  const queried = (kind: string): number[] =>
    proxy.requests.flatMap(({ operation, body }) => {
      const { ':partition': partition } = (body.ExpressionAttributeValues ?? {}) as Record<string, { S: string }>;
      const [name, , bucket] = partition?.S.split('#') ?? [];
      return operation === 'Query' && name === kind ? [Number(bucket)] : [];
    });
  const saves = () => proxy.requests.filter(({ operation }) => operation === 'PutItem');

  describe('in a table that two regions share', () => {
    it('is of the ballots of its own region', async () => {
      await put([...ballots(70, WEST), ...ballots(40, EAST)]);

      expect(await ledgerOf(WEST).countBallots(poll, [WEST, EAST])).toEqual({ ballots: 70, doubleVoters: 0 });
      expect(await ledgerOf(EAST).countBallots(poll, [WEST, EAST])).toEqual({ ballots: 40, doubleVoters: 0 });
      expect(await ledgerOf(SOUTH).countBallots(poll, [WEST, EAST])).toEqual({ ballots: 0, doubleVoters: 0 });
    }, 60_000);

    it('goes on beyond the megabyte that one answer can cover, and is sent none of the ballots', async () => {
      const { pk } = ballotKey(poll.pollId, 'any');
      for (let index = 0; index < 12; index++) {
        const region = index % 3 === 0 ? EAST : WEST;
        const Item = { pk, sk: `large${index}`, region, filler: 'x'.repeat(300_000) };
        await direct.send(new PutCommand({ TableName: votes, Item }));
      }

      expect(await ledgerOf(WEST).countBallots(poll, [WEST])).toEqual({ ballots: 8, doubleVoters: 0 });
      expect(queried('BALLOT').length).toBeGreaterThan(BUCKETS);
      const queries = proxy.requests.filter(({ operation }) => operation === 'Query');
      expect(queries.every(({ body }) => body.Select === 'COUNT' && body.ConsistentRead === true)).toBe(true);
    });
  });

  describe('of voters who voted in several regions', () => {
    const votersIn = (regionsOf: ReadonlyMap<string, readonly string[]>) =>
      [...regionsOf].flatMap(([voter, regions]) => regions.map((region) => voterKey(poll.pollId, voter, region)));

    it('is exact, whoever voted where', async () => {
      const regions = fc.subarray([WEST, EAST, SOUTH], { minLength: 1 });
      const names = fc.stringMatching(/^[\w-]{1,4}$/);
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(fc.tuple(names, regions), { selector: ([name]) => name }), async (voters) => {
          poll = aPoll({ pollId: `p${++made}`, voterLimit: 'one' });
          await put(votersIn(new Map(voters)));

          const { doubleVoters } = await ledgerOf(WEST).countBallots(poll, [WEST, EAST, SOUTH]);
          expect(doubleVoters).toBe(voters.filter(([, of]) => of.length > 1).length);
        }),
        { numRuns: 10 },
      );
    }, 90_000);

    it('is exact where the votes of one voter lie on two pages', async () => {
      poll = { ...poll, voterLimit: 'one' };
      const { pk } = voterKey(poll.pollId, 'any', WEST);
      const regionsOf = [[WEST, EAST], [WEST, EAST, SOUTH], [EAST], [WEST, EAST], [WEST], [EAST, SOUTH], [WEST, SOUTH]];
      const items = regionsOf.flatMap((regions, voter) =>
        regions.map((region) => ({ pk, sk: `voter${voter}#${region}` })),
      );
      // Three or four items of this size fill a page.
      for (const item of items)
        await direct.send(new PutCommand({ TableName: votes, Item: { ...item, filler: 'x'.repeat(300_000) } }));

      expect(await ledgerOf(EAST).countBallots(poll, [WEST, EAST, SOUTH])).toEqual({ ballots: 0, doubleVoters: 5 });
      const sorted = items.map(({ sk }) => sk).sort();
      const voterOf = (sk?: string) => sk?.split('#')[0];
      const borders = proxy.requests.flatMap(
        ({ body }) => (body.ExclusiveStartKey as { sk: { S: string } })?.sk.S ?? [],
      );
      const split = borders.filter((sk) => voterOf(sorted[sorted.indexOf(sk) + 1]) === voterOf(sk));
      expect(split.length).toBeGreaterThan(0);
    });

    it('is not made where voters may vote as they like, or where there is one region', async () => {
      await ledgerOf(WEST).countBallots(poll, [WEST, EAST]);
      await ledgerOf(WEST).countBallots({ ...poll, voterLimit: 'one' }, [WEST]);

      expect(queried('VOTER')).toEqual([]);
      expect(queried('BALLOT')).toHaveLength(2 * BUCKETS);
    });
  });

  describe('that takes long', () => {
    const stored = async (): Promise<readonly number[]> => {
      const Key = { pk: `COUNT#${poll.pollId}#${WEST}`, sk: 'COUNT' };
      const { Item } = await direct.send(new GetCommand({ TableName: votes, Key, ConsistentRead: true }));
      return Object.keys((Item?.counts ?? {}) as object).map(Number);
    };
    /** Each query takes this long, by the clock of the process, ms. */
    const slowQueries = (ms: number): void => {
      let time = 0;
      jest.spyOn(performance, 'now').mockImplementation(() => time);
      const { fate } = proxy;
      proxy.fate = (request) => {
        if (request.operation === 'Query') time += ms;
        return fate(request);
      };
    };
    /** Lets so many queries through, and refuses all after them in a way that nobody repeats. */
    const breakAfter = (queries: number): void => {
      let left = queries;
      proxy.fate = ({ operation }: ProxiedRequest) =>
        operation === 'Query' && left-- <= 0 ? refusal('ValidationException') : 'pass';
    };

    it('goes on where it broke off, and does not read again what it had counted by its last save', async () => {
      poll = { ...poll, voterLimit: 'one' };
      const doubles = [WEST, EAST].flatMap((region) =>
        Array.from({ length: 20 }, (_, voter) => voterKey(poll.pollId, `voter-${voter}`, region)),
      );
      await put([...ballots(120, WEST), ...ballots(30, EAST), ...doubles]);
      breakAfter(40);
      slowQueries(200);
      await expect(ledgerOf(WEST).countBallots(poll, [WEST, EAST])).rejects.toMatchObject({
        name: 'ValidationException',
      });
      const counted = await stored();
      expect(counted.length).toBeGreaterThan(5);
      expect(counted.length).toBeLessThan(BUCKETS);

      jest.restoreAllMocks();
      // Another region has not counted anything yet.
      proxy.reset();
      expect(await ledgerOf(EAST).countBallots(poll, [WEST, EAST])).toEqual({ ballots: 30, doubleVoters: 20 });
      expect(queried('BALLOT')).toHaveLength(BUCKETS);
      proxy.reset();
      expect(await ledgerOf(WEST).countBallots(poll, [WEST, EAST])).toEqual({ ballots: 120, doubleVoters: 20 });
      const all = Array.from({ length: BUCKETS }, (_, bucket) => bucket);
      expect([...queried('BALLOT'), ...counted].sort((one, other) => one - other)).toEqual(all);
      // Voters of other regions may have come meanwhile.
      expect([...queried('VOTER')].sort((one, other) => one - other)).toEqual(all);
    }, 60_000);

    it('is made anew after one that ended', async () => {
      await put(ballots(20, WEST));
      slowQueries(200);
      expect((await ledgerOf(WEST).countBallots(poll, [WEST])).ballots).toBe(20);
      expect(saves().length).toBeGreaterThan(1);
      expect(await stored()).toEqual([]);

      await put(ballots(21, WEST));
      expect((await ledgerOf(WEST).countBallots(poll, [WEST])).ballots).toBe(21);
    });

    it('stores how far it is every two seconds, and one that is over sooner stores nothing', async () => {
      slowQueries(30);
      await ledgerOf(WEST).countBallots(poll, [WEST]);
      expect(saves()).toEqual([]);

      proxy.reset();
      slowQueries(200);
      await ledgerOf(WEST).countBallots(poll, [WEST]);
      // 64 queries of 200 ms are 12.8 s, and what was stored is cleared at the end.
      expect(saves().length).toBeGreaterThanOrEqual(3 + 1);
      expect(saves().length).toBeLessThanOrEqual(6 + 1);
    });
  });
});
