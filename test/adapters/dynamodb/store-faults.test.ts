import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ANSWER_TIMEOUT_MS } from '../../../src/adapters/dynamodb/client.ts';
import { DynamoDbPollStore } from '../../../src/adapters/dynamodb/poll-store.ts';
import { DynamoDbTallyStore } from '../../../src/adapters/dynamodb/tally-store.ts';
import { DynamoDbVoteLedger } from '../../../src/adapters/dynamodb/vote-ledger.ts';
import type { Ballot } from '../../../src/domain/votes/ballot.ts';
import type { Poll } from '../../../src/domain/votes/poll.ts';
import { ballotsIn, emptyTally, marksOf } from '../../../src/domain/votes/tally.ts';
import { seededRandom } from '../../helpers/fakes.ts';
import { startDynamoDbLocal } from '../../helpers/servers/dynamodb-local.ts';
import { clientOf, newVoteTables } from '../../helpers/servers/dynamodb-tables.ts';
import { type Fate, FaultyProxy, type ProxiedRequest, refusal } from '../../helpers/servers/faulty-proxy.ts';
import { withServer } from '../../helpers/servers/with-server.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';

const poll = aPoll({ createdAt: 1, shards: 16 });
const ballot = aBallot('b1', { acceptedAt: 1_000 });

/** DynamoDB Local never cancels a transaction for other traffic, so the proxy does. */
const cancelled = (...codes: string[]): Fate =>
  refusal('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });
const conflict = cancelled('None', 'TransactionConflict');

const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryAfterSeconds: 1 });

await withServer('DynamoDB stores behind faults', startDynamoDbLocal, async (server) => {
  const direct = await clientOf(server.endpoint);
  const proxy = await FaultyProxy.start(server.endpoint);
  const { votes, tallies } = await newVoteTables(direct);
  afterAll(async () => {
    direct.destroy();
    await proxy.stop();
  });

  // Each test has a client of its own, since a client that met many failures stops repeating requests for a while.
  let client: DynamoDBDocumentClient;
  let ledger: DynamoDbVoteLedger;
  let polls: DynamoDbPollStore;
  let mine: { poll: Poll; ballot: Ballot };
  let made = 0;
  beforeEach(async () => {
    proxy.reset();
    client = await clientOf(proxy.endpoint);
    proxy.reset();
    ledger = new DynamoDbVoteLedger(client, votes, 'eu-west-1', seededRandom(1));
    polls = new DynamoDbPollStore(client, tallies);
    const pollId = `p${++made}`;
    mine = { poll: { ...poll, pollId }, ballot: { ...ballot, pollId } };
  });
  afterEach(() => client.destroy());

  const counts = async () => {
    proxy.reset();
    const { ballots } = await ledger.countBallots(mine.poll, []);
    return [ballots, ballotsIn(marksOf(await ledger.readShards(mine.poll, [])))];
  };
  const sent = (operation: string) => proxy.requests.filter((request) => request.operation === operation);
  /** Does something to the first requests of a kind and lets the others pass. */
  const first = (times: number, operation: string, fate: Fate) => {
    let left = times;
    proxy.fate = (request) => (request.operation === operation && left-- > 0 ? fate : 'pass');
  };
  const shardOf = ({ body }: ProxiedRequest): string =>
    (body.TransactItems as { Update?: { Key: { pk: { S: string } } } }[])[1]?.Update?.Key.pk.S ?? '';
  describe('a vote that meets other traffic', () => {
    it.each([
      ['a conflict', conflict],
      ['a conflict over its own ballot', cancelled('TransactionConflict', 'None')],
      ['a conflict while the shard is marked', cancelled('TransactionConflict', 'ConditionalCheckFailed')],
      ['a throttled shard', cancelled('None', 'ProvisionedThroughputExceeded')],
      ['a throttled table', cancelled('ThrottlingError', 'None')],
    ])('moves to another shard after %s, and counts once', async (_, fate) => {
      first(4, 'TransactWriteItems', fate);

      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'counted' });
      const tries = sent('TransactWriteItems');
      expect(tries).toHaveLength(5);
      expect(new Set(tries.map(shardOf)).size).toBeGreaterThan(2);
      expect(new Set(tries.map(({ body }) => body.ClientRequestToken)).size).toBe(5);
      expect(await counts()).toEqual([1, 1]);
    });

    it('is refused as unavailable when that does not end, with nothing written, and can be sent again', async () => {
      first(Number.POSITIVE_INFINITY, 'TransactWriteItems', conflict);

      await expect(ledger.record(mine.poll, mine.ballot)).rejects.toEqual(unavailable);
      expect(sent('TransactWriteItems')).toHaveLength(8);
      expect(await counts()).toEqual([0, 0]);
      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'counted' });
    });

    describe('reads out of the reasons for which it was cancelled', () => {
      const none = { Code: 'None' };
      const failed = { Code: 'ConditionalCheckFailed' };
      const earlier = {
        ...failed,
        Item: { choices: { L: [{ N: '2' }] }, channel: { S: 'sms' }, acceptedAt: { N: '7' } },
      };
      const message = { ...failed, Item: { pollId: { S: 'before' } } };
      const conflicting = { Code: 'TransactionConflict' };

      it.each([
        ['a repeat before all else', [earlier, failed, message, failed], 'repeated'],
        ['a repeat beside a conflict', [earlier, conflicting, none, none], 'repeated'],
        ['a message that was counted, before the close', [none, failed, message, failed], 'message-counted'],
        ['a message that was counted, beside a conflict', [none, conflicting, message, none], 'message-counted'],
        ['the close before the voter', [none, failed, none, failed], 'closed'],
        ['the voter', [none, none, none, failed], 'already-voted'],
      ])('%s', async (_, reasons, kind) => {
        const limited: Poll = { ...mine.poll, voterLimit: 'one' };
        first(1, 'TransactWriteItems', refusal('TransactionCanceledException', { CancellationReasons: reasons }));

        const outcome = await ledger.record(limited, { ...mine.ballot, voter: 'ann' }, 'm1');
        expect(outcome).toEqual({
          kind,
          ...(kind === 'repeated'
            ? { ballot: { ...mine.ballot, choices: [2], channel: 'sms', acceptedAt: 7 } }
            : kind === 'message-counted'
              ? { pollId: 'before' }
              : {}),
        });
        expect(sent('TransactWriteItems')).toHaveLength(1);
      });

      it('the voter without a message', async () => {
        const limited: Poll = { ...mine.poll, voterLimit: 'one' };
        const reasons = [none, none, failed];
        first(1, 'TransactWriteItems', refusal('TransactionCanceledException', { CancellationReasons: reasons }));

        expect(await ledger.record(limited, { ...mine.ballot, voter: 'ann' })).toEqual({ kind: 'already-voted' });
      });
    });

    it('shows a mistake in the request as what it is', async () => {
      first(1, 'TransactWriteItems', cancelled('ValidationError', 'None'));

      await expect(ledger.record(mine.poll, mine.ballot)).rejects.toMatchObject({
        name: 'TransactionCanceledException',
      });
    });
  });

  describe('a vote whose answer is lost after the commit', () => {
    it('is repeated by the SDK with the same token, under which it is committed once', async () => {
      first(2, 'TransactWriteItems', 'lose answer');

      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'counted' });
      const tries = sent('TransactWriteItems');
      expect(tries).toHaveLength(3);
      expect(new Set(tries.map(({ body }) => body.ClientRequestToken)).size).toBe(1);
      expect(await counts()).toEqual([1, 1]);
    });

    it.each<[string, Fate]>([
      ['breaks off before the answer', 'lose answer'],
      ['breaks off within the answer', 'halve answer'],
      ['brings a page of some gateway', 'garble answer'],
    ])('is found by its ballot when every connection %s', async (_, fate) => {
      first(3, 'TransactWriteItems', fate);

      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'counted' });
      expect(sent('GetItem')).toHaveLength(1);
      expect(await counts()).toEqual([1, 1]);
    });

    it.each<[string, Fate]>([
      ['a transaction in progress', refusal('TransactionInProgressException')],
      ['an error of the server', refusal('InternalServerError', {}, 500)],
      ['a page of a gateway', { status: 503, body: '<html>Service Unavailable</html>' }],
    ])('is found by its ballot when %s is all that comes back', async (_, fate) => {
      let tries = 0;
      proxy.fate = ({ operation }) => {
        if (operation !== 'TransactWriteItems') return 'pass';
        return ++tries === 1 ? 'lose answer' : fate;
      };

      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'counted' });
      expect(tries).toBe(3);
      expect(await counts()).toEqual([1, 1]);
    });

    it('answers as a repeat when the ballot that is found is another one', async () => {
      const earlier = { ...mine.ballot, choices: [2], acceptedAt: 500 };
      await ledger.record(mine.poll, earlier);
      first(3, 'TransactWriteItems', 'lose answer');

      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'repeated', ballot: earlier });
      expect(await counts()).toEqual([1, 1]);
    });

    it('is refused as unavailable when no ballot is found, and counts when it is sent again', async () => {
      first(3, 'TransactWriteItems', 'lose request');

      await expect(ledger.record(mine.poll, mine.ballot)).rejects.toEqual(unavailable);
      expect(await counts()).toEqual([0, 0]);
      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'counted' });
      expect(await counts()).toEqual([1, 1]);
    });

    it('is refused as unavailable when the ballot cannot be read either, and is a repeat when it is sent again', async () => {
      proxy.fate = ({ operation }) => (operation === 'TransactWriteItems' ? 'lose answer' : 'lose request');

      await expect(ledger.record(mine.poll, mine.ballot)).rejects.toEqual(unavailable);
      proxy.reset();
      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'repeated', ballot: mine.ballot });
      expect(await counts()).toEqual([1, 1]);
    });
  });

  describe('a new poll', () => {
    /** The store has it, and what comes back is that it met other traffic. */
    const storeAndConflict = (poll: Poll) => {
      let tries = 0;
      proxy.fate = ({ operation }) => {
        if (operation !== 'TransactWriteItems' || ++tries > 2) return 'pass';
        return tries === 1 ? 'lose answer' : conflict;
      };
      return polls.create(poll).finally(() => proxy.reset());
    };

    it('is made, though an attempt that seemed to conflict had been stored', async () => {
      const made = { ...mine.poll, opensAt: undefined, closesAt: 9_000 } as Poll;
      await storeAndConflict(made);

      expect(await polls.get(made.pollId)).toEqual(made);
    });

    it('is not made under the id of another, also after a conflict', async () => {
      await polls.create({ ...mine.poll, createdAt: 2 });

      await expect(storeAndConflict(mine.poll)).rejects.toMatchObject({ code: 'VOTES_POLL_EXISTS' });
    });
  });

  describe('closing the shards of a poll', () => {
    it('goes on where it was held up, and writes nothing again', async () => {
      await ledger.closeShards({ ...mine.poll, shards: 10 });
      proxy.reset();

      await ledger.closeShards(mine.poll);
      expect(sent('UpdateItem')).toHaveLength(6);
      proxy.reset();
      await ledger.closeShards(mine.poll);
      expect(sent('UpdateItem')).toHaveLength(0);
      expect(await ledger.record(mine.poll, mine.ballot)).toEqual({ kind: 'closed' });
    });
  });

  describe('every request', () => {
    /** A poll that is there from the start. */
    const kept = { ...poll, pollId: 'kept' };
    const audit = { ballots: 0, shards: 0, tally: 0, drift: 0, doubleVoters: 0, at: 5 };
    beforeAll(() => new DynamoDbPollStore(direct, tallies).create(kept));

    /** What becomes of one request of each kind, all at once. */
    const outcomes = async (): Promise<Record<string, unknown>> => {
      const tallyStore = new DynamoDbTallyStore(client, tallies);
      const { pollId } = mine.poll;
      const requests = {
        'ledger.record': ledger.record(mine.poll, mine.ballot),
        'ledger.find': ledger.find(pollId, 'none'),
        'ledger.closeShards': ledger.closeShards({ ...mine.poll, pollId: `${pollId}-closed`, shards: 1 }),
        'ledger.readShards': ledger.readShards({ ...mine.poll, pollId: 'none' }, []),
        'ledger.findMessage': ledger.findMessage('none'),
        'ledger.countBallots': ledger.countBallots({ ...mine.poll, pollId: 'none' }, []),
        'tallies.get': tallyStore.get('none'),
        'tallies.put': tallyStore.put({ ...emptyTally(pollId), version: 1 }),
        'polls.create': polls.create({ ...mine.poll, smsNumber: `+1555000${made}` }),
        'polls.get': polls.get('none'),
        'polls.getMany': polls.getMany(['none']),
        'polls.list': polls.list({ limit: 10 }),
        'polls.findNumber': polls.findNumber('+15550002222'),
        'polls.close': polls.close(kept.pollId, { closedAt: 5, closedBy: 'admin', withoutRegions: [] }),
        'polls.finish': polls.finish(kept.pollId, audit),
        'polls.growShards': polls.growShards('none', 32),
        'polls.schedule': polls.schedule({ pollId, dueAt: 9 }),
        'polls.listDue': polls.listDue(0),
        'polls.postpone': polls.postpone({ pollId: 'none', dueAt: 0 }, undefined),
      };
      const settled = Object.entries(requests).map(async ([name, request]) => [
        name,
        await request.then(
          () => 'done',
          (error) => (error.code === 'STORE_UNAVAILABLE' ? `unavailable, ${error.retryAfterSeconds} s` : error.name),
        ),
      ]);
      return Object.fromEntries(await Promise.all(settled));
    };
    const REQUESTS = 19;
    const everyOne = (outcome: string) => Array(REQUESTS).fill(outcome);
    const throttled = ({ operation }: ProxiedRequest): Fate =>
      operation === 'TransactWriteItems' ? cancelled('ThrottlingError') : refusal('ThrottlingException');

    it.each<[string, (request: ProxiedRequest) => Fate]>([
      ['throttles', throttled],
      ['breaks every connection', () => 'lose request'],
      ['answers with server errors', () => refusal('InternalServerError', {}, 500)],
      ['answers with nonsense', () => ({ status: 200, body: '<html>' })],
      ['has lost its tables', () => refusal('ResourceNotFoundException')],
    ])('is unavailable, to be repeated after a second, when the store %s', async (_, fate) => {
      proxy.fate = fate;

      expect(Object.values(await outcomes())).toEqual(everyOne('unavailable, 1 s'));
    });

    it('shows a mistake in the request as what it is', async () => {
      proxy.fate = () => refusal('ValidationException');

      expect(Object.values(await outcomes())).toEqual(everyOne('ValidationException'));
    });

    it('gets through when the store throttles the first 20 of them', async () => {
      let tries = 0;
      proxy.fate = (request) => (++tries > 20 ? 'pass' : throttled(request));

      expect(Object.values(await outcomes())).toEqual(everyOne('done'));
    });
  });

  it('gives up on a store that is silent or stops in its answers: on a read within 5 s, on a vote within 10 s', async () => {
    const hasty = await clientOf(proxy.endpoint, ANSWER_TIMEOUT_MS);
    proxy.fate = ({ body }) => (JSON.stringify(body).includes('silent') ? 'silence' : 'stall answer');
    const timed = async (work: Promise<unknown>): Promise<number> => {
      const begin = performance.now();
      await expect(work).rejects.toEqual(unavailable);
      return performance.now() - begin;
    };
    const read = (pollId: string) => timed(new DynamoDbPollStore(hasty, tallies).get(pollId));
    const vote = (pollId: string) =>
      timed(
        new DynamoDbVoteLedger(hasty, votes, 'eu-west-1', seededRandom(1)).record(
          { ...mine.poll, pollId },
          { ...mine.ballot, pollId },
        ),
      );

    const reads = await Promise.all([read('silent-1'), read('stalled-1')]);
    const records = await Promise.all([vote('silent-2'), vote('stalled-2')]);
    hasty.destroy();
    expect(Math.max(...reads)).toBeLessThan(5_500);
    expect(Math.max(...records)).toBeLessThan(11_000);
  });

  describe('reading much', () => {
    it('asks again for the keys that a throttled store left unread, and gives up when none are read', async () => {
      for (let vote = 0; vote < 20; vote++) await ledger.record(mine.poll, { ...mine.ballot, ballotId: `b${vote}` });
      const unread = ({ body }: ProxiedRequest): Fate => ({
        status: 200,
        body: JSON.stringify({ Responses: {}, UnprocessedKeys: body.RequestItems }),
      });

      let refusals = 3;
      proxy.fate = (request) => (request.operation === 'BatchGetItem' && refusals-- > 0 ? unread(request) : 'pass');
      expect(ballotsIn(marksOf(await ledger.readShards(mine.poll, [])))).toBe(20);
      proxy.fate = unread;
      await expect(ledger.readShards(mine.poll, [])).rejects.toEqual(unavailable);
    });

    it('reads every shard of a large poll, of all regions, in batches of 100', async () => {
      const large: Poll = { ...mine.poll, shards: 130 };
      for (const region of ['eu-west-1', 'us-east-1'])
        await new DynamoDbVoteLedger(direct, votes, region, seededRandom(1)).closeShards(large);

      expect(await ledger.readShards(large, ['us-east-1', 'eu-west-1'])).toHaveLength(260);
      expect(sent('BatchGetItem')).toHaveLength(3);
    });
  });
});
