import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closePoll, finishPoll, growPoll, postponePoll, putPoll } from '../../../src/adapters/dynamodb/poll-store.ts';
import { packMarks, putTally, unpackMarks } from '../../../src/adapters/dynamodb/tally-store.ts';
import { closeShard, recordBallot } from '../../../src/adapters/dynamodb/vote-ledger.ts';
import { shardsFor } from '../../../src/domain/votes/poll.ts';
import { type Counter, emptyTally } from '../../../src/domain/votes/tally.ts';
import { itemSize } from '../../helpers/item-size.ts';
import { aBallot, aPoll } from '../../helpers/votes.ts';

const CREATED_AT = 1_700_000_000_000;
const poll = aPoll({ createdAt: CREATED_AT, shards: 48 });
const ballot = aBallot('b1', { choices: [1], voter: 'pseudonym', acceptedAt: 5_001 });
const shard = { region: 'eu-west-1', shard: 7 };
const isNew = 'attribute_not_exists(pk)';

describe('the request that records a ballot', () => {
  const items = (vote: Partial<Parameters<typeof recordBallot>[1]> = {}) =>
    recordBallot('votes', { poll, ballot, message: undefined, shard, ...vote }).TransactItems ?? [];

  it('puts the ballot if it is new and adds one to an open shard, which names itself', () => {
    const [put, add, ...others] = items();

    expect(others).toEqual([]);
    expect(put?.Put).toEqual({
      TableName: 'votes',
      Item: {
        pk: expect.stringMatching(/^BALLOT#colors#\d+$/),
        sk: 'b1',
        version: 2,
        choices: [1],
        channel: 'web',
        voter: 'pseudonym',
        region: 'eu-west-1',
        acceptedAt: 5_001,
      },
      ConditionExpression: isNew,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    expect(add?.Update).toEqual({
      TableName: 'votes',
      Key: { pk: 'SHARD#colors#eu-west-1#7', sk: 'SHARD' },
      UpdateExpression:
        'SET #kind = :kind, #version = :version, pollId = :pollId, #region = :region, #shard = :shard, lastVoteAt = :acceptedAt ADD ballots :one, v1 :one',
      ConditionExpression: 'attribute_not_exists(closed)',
      ExpressionAttributeNames: { '#kind': 'kind', '#version': 'version', '#region': 'region', '#shard': 'shard' },
      ExpressionAttributeValues: {
        ':kind': 'shard',
        ':version': 2,
        ':pollId': 'colors',
        ':region': 'eu-west-1',
        ':shard': 7,
        ':acceptedAt': 5_001,
        ':one': 1,
      },
    });
  });

  it('adds a ballot with several choices to one shard, one vote for each of them', () => {
    const [, add] = items({ ballot: { ...ballot, choices: [0, 2] } });

    expect(add?.Update?.UpdateExpression).toMatch(/ ADD ballots :one, v0 :one, v2 :one$/);
  });

  it('puts the voter of this region too, if new, where the poll takes one vote of each', () => {
    const [, , voter, ...others] = items({ poll: { ...poll, voterLimit: 'one' } });

    expect(others).toEqual([]);
    expect(voter?.Put).toEqual({
      TableName: 'votes',
      Item: {
        pk: expect.stringMatching(/^VOTER#colors#\d+$/),
        sk: 'pseudonym#eu-west-1',
        version: 2,
        ballotId: 'b1',
      },
      ConditionExpression: isNew,
    });
  });

  it('puts the text message too, if new, and lets it expire after 30 days; before the voter', () => {
    const [, , message, voter, ...others] = items({ poll: { ...poll, voterLimit: 'one' }, message: 'm1' });

    expect(others).toEqual([]);
    expect(message?.Put).toEqual({
      TableName: 'votes',
      // Epoch seconds, never earlier than 30 days after the vote.
      Item: { pk: 'MESSAGE#m1', sk: 'MESSAGE', pollId: 'colors', ttl: 6 + 30 * 86_400 },
      ConditionExpression: isNew,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    expect(voter?.Put?.Item?.pk).toMatch(/^VOTER#/);
  });

  it.each([
    ['ballots', 0, (id: string) => ({ ballot: { ...ballot, ballotId: id } })],
    ['voters', 2, (id: string) => ({ ballot: { ...ballot, voter: id } })],
  ])('spreads %s over 64 partitions, the same always into the same', (_, index, fields) => {
    const partition = (id: string) =>
      items({ poll: { ...poll, voterLimit: 'one' }, ...fields(id) })[index]?.Put?.Item?.pk;
    const partitions = new Set(Array.from({ length: 2_000 }, (_, id) => partition(`id-${id}`)));

    expect(partitions.size).toBe(64);
    expect(partition('id-1')).toBe(partition('id-1'));
  });
});

it('the request that closes a shard says how many there are, creates it if it is not there, and keeps its votes', () => {
  const { UpdateExpression = '', ConditionExpression, ...request } = closeShard('votes', poll, shard);

  expect(request.Key).toEqual({ pk: 'SHARD#colors#eu-west-1#7', sk: 'SHARD' });
  expect(UpdateExpression).toContain('closed = :shards');
  expect(UpdateExpression).toContain('ballots = if_not_exists(ballots, :none)');
  expect(UpdateExpression).toContain('lastVoteAt = if_not_exists(lastVoteAt, :none)');
  expect(UpdateExpression).not.toMatch(/\bv\d|REMOVE|DELETE/);
  expect(request.ExpressionAttributeValues).toEqual({
    ':kind': 'shard',
    ':version': 2,
    ':pollId': 'colors',
    ':region': 'eu-west-1',
    ':shard': 7,
    ':shards': 48,
    ':none': 0,
  });
  expect(ConditionExpression).toBeUndefined();
});

describe('the request that creates a poll', () => {
  type Number = Parameters<typeof putPoll>[2];
  const items = (fields: Parameters<typeof aPoll>[0], number?: Number, others: Parameters<typeof putPoll>[3] = []) =>
    putPoll('tallies', { ...poll, ...fields }, number, others).TransactItems?.map(({ Put }) => Put) ?? [];

  it('puts the poll if it is new, its entry in the list, and when a sweep is to look after it', () => {
    expect(items({})).toEqual([
      { TableName: 'tallies', Item: { pk: 'POLL#colors', sk: 'POLL', poll }, ConditionExpression: isNew },
      { TableName: 'tallies', Item: { pk: 'POLLS', sk: '001700000000000#colors' } },
      { TableName: 'tallies', Item: { pk: 'DUE', sk: '001700000300000#colors' } },
    ]);
  });

  it('has a poll looked after when it ends, if that is within five minutes', () => {
    expect(items({ closesAt: CREATED_AT + 500 })[2]?.Item).toEqual({ pk: 'DUE', sk: '001700000000500#colors' });
  });

  describe('with a number', () => {
    const smsNumber = '+15550001111';
    const put = { TableName: 'tallies', Item: expect.objectContaining({ pk: `NUMBER#${smsNumber}`, sk: 'NUMBER' }) };

    it('takes it if no poll ever had it', () => {
      const number = items({ smsNumber })[3];

      expect(number).toEqual({ ...put, ConditionExpression: isNew });
      expect(number?.Item).toMatchObject({ pollIds: ['colors'], firstPollId: 'colors', edition: 1 });
    });

    it('adds the poll to those that texts may still be meant for, if the number is as it was read', () => {
      const over = aPoll({ pollId: 'over', closedAt: CREATED_AT - 2 });
      const last = aPoll({ pollId: 'last', closedAt: CREATED_AT - 1 });
      const later = aPoll({ pollId: 'later', opensAt: CREATED_AT + 9 });
      const read = { pollIds: ['over', 'last', 'later'], firstPollId: 'very-first', edition: 3 };
      const number = items({ smsNumber, closesAt: CREATED_AT + 8 }, read, [over, last, later])[3];

      expect(number).toEqual({
        ...put,
        ConditionExpression: 'edition = :edition',
        ExpressionAttributeValues: { ':edition': 3 },
      });
      expect(number?.Item).toMatchObject({
        pollIds: ['last', 'later', 'colors'],
        firstPollId: 'very-first',
        edition: 4,
      });
    });

    it('takes it over from a poll of the first release, which has no edition', () => {
      const read = { pollIds: ['former'], firstPollId: 'former', edition: 0 };
      const number = items({ smsNumber }, read, [aPoll({ pollId: 'former', closedAt: 1 })])[3];

      expect(number).toEqual({ ...put, ConditionExpression: 'attribute_not_exists(edition)' });
      expect(number?.Item).toMatchObject({ pollIds: ['former', 'colors'], firstPollId: 'former', edition: 1 });
    });
  });
});

describe('the requests that change a poll', () => {
  const Key = { pk: 'POLL#colors', sk: 'POLL' };

  it('close one that is there; what closed it first stands', () => {
    const closing = { closedAt: 9, closedBy: 'admin', withoutRegions: [] };
    const first =
      'SET poll.closedAt = if_not_exists(poll.closedAt, :closedAt), poll.closedBy = if_not_exists(poll.closedBy, :closedBy)';

    expect(closePoll('tallies', 'colors', closing)).toMatchObject({
      Key,
      UpdateExpression: first,
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':closedAt': 9, ':closedBy': 'admin' },
    });
    expect(closePoll('tallies', 'colors', { ...closing, withoutRegions: ['us-east-1'] })).toMatchObject({
      UpdateExpression: `${first}, poll.withoutRegions = list_append(if_not_exists(poll.withoutRegions, :noRegions), :withoutRegions)`,
      ExpressionAttributeValues: { ':noRegions': [], ':withoutRegions': ['us-east-1'] },
    });
  });

  it('keep its audit, grow it upwards only and while it is not closed', () => {
    const audit = { ballots: 3, shards: 3, tally: 3, drift: 0, doubleVoters: 0, at: 9 };

    expect(finishPoll('tallies', 'colors', audit)).toMatchObject({
      Key,
      UpdateExpression: 'SET poll.audit = :audit',
      ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(poll.audit) OR poll.audit.#at <= :at)',
      ExpressionAttributeValues: { ':audit': audit, ':at': 9 },
    });
    expect(growPoll('tallies', 'colors', 64)).toMatchObject({
      Key,
      UpdateExpression: 'SET poll.shards = :shards',
      ConditionExpression: 'poll.shards < :shards AND attribute_not_exists(poll.closedAt)',
      ExpressionAttributeValues: { ':shards': 64 },
    });
  });

  it('move what is due in one transaction, so that one of many takes it and none loses it', () => {
    const due = { pollId: 'colors', dueAt: CREATED_AT };
    const taken = {
      Delete: {
        TableName: 'tallies',
        Key: { pk: 'DUE', sk: '001700000000000#colors' },
        ConditionExpression: 'attribute_exists(pk)',
      },
    };

    expect(postponePoll('tallies', due, CREATED_AT + 60_000).TransactItems).toEqual([
      taken,
      { Put: { TableName: 'tallies', Item: { pk: 'DUE', sk: '001700000060000#colors' } } },
    ]);
    expect(postponePoll('tallies', due, undefined).TransactItems).toEqual([taken]);
  });
});

describe('the request that stores a tally', () => {
  const marks = new Map([
    [
      'eu-west-1',
      [
        { votes: [], ballots: 0, closed: 0 },
        { votes: [1, 2], ballots: 3, closed: 2 },
      ],
    ],
  ]);
  const check = { startedAt: 7, done: true };
  const tally = { ...emptyTally('colors'), version: 9, revision: 4, marks, lagMs: 12, completeUpTo: 6, check };

  it('expects the version before, or that there is none yet', () => {
    expect(putTally('tallies', tally)).toEqual({
      TableName: 'tallies',
      Item: {
        pk: 'TALLY#colors',
        sk: 'TALLY',
        version: 9,
        revision: 4,
        marks: [
          {
            region: 'eu-west-1',
            shards: [
              [0, 0],
              [2, 3, 1, 2],
            ],
          },
        ],
        newestVoteAt: 0,
        lagMs: 12,
        completeUpTo: 6,
        check,
      },
      ConditionExpression: '#version = :expected',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':expected': 8 },
    });
    const first = putTally('tallies', { ...tally, version: 1 });
    expect(first.ConditionExpression).toBe(isNew);
    expect(first.ExpressionAttributeValues).toBeUndefined();
    expect(first.ExpressionAttributeNames).toBeUndefined();
  });

  it('packs marks so that they come back the same, whatever regions, shards and choices there are', () => {
    const count = fc.nat(Number.MAX_SAFE_INTEGER);
    const counter: fc.Arbitrary<Counter> = fc.record({
      votes: fc.array(count, { maxLength: 100 }),
      ballots: count,
      closed: fc.nat(1_000),
    });
    const region = fc.constantFrom('eu-west-1', 'us-east-1', 'local');
    fc.assert(
      fc.property(fc.array(fc.tuple(region, fc.array(counter, { maxLength: 20 }))), (entries) => {
        const marks = new Map(entries);
        expect(unpackMarks(packMarks(marks))).toEqual(marks);
      }),
      { numRuns: 200 },
    );
  });

  it.each([2, 3, 20, 21, 100])(
    'fits the largest poll of %i choices into the 400 KB that an item may have',
    (choices) => {
      const shards = shardsFor(choices, 1_000);
      const counter = { votes: Array<number>(choices).fill(999_999), ballots: choices * 999_999, closed: shards };
      const regions = ['eu-west-1', 'us-east-1', 'ap-southeast-2'];
      const marks = new Map(regions.map((region) => [region, Array<Counter>(shards).fill(counter)]));

      expect(shards * choices).toBeLessThanOrEqual(20_000);
      expect(itemSize(putTally('tallies', { ...tally, marks }).Item ?? {})).toBeLessThan(400 * 1_024);
    },
  );
});
