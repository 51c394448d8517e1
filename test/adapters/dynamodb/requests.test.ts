import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closePoll, growPoll, putPoll } from '../../../src/adapters/dynamodb/poll-store.ts';
import { packMarks, putTally, unpackMarks } from '../../../src/adapters/dynamodb/tally-store.ts';
import { closeShard, countBallots, recordBallot } from '../../../src/adapters/dynamodb/vote-ledger.ts';
import type { Ballot } from '../../../src/domain/votes/ballot.ts';
import type { Poll } from '../../../src/domain/votes/poll.ts';
import { emptyTally, shardKey } from '../../../src/domain/votes/tally.ts';

const poll: Poll = {
  pollId: 'colors',
  question: 'Which colour?',
  choices: ['RED', 'GREEN'],
  createdAt: 1_700_000_000_000,
  voterLimit: 'none',
  hideUntilClose: false,
  shards: 16,
};
const ballot: Ballot = { pollId: 'colors', voteId: 'v1', choice: 1, voter: 'pseudonym', acceptedAt: 5 };
const name = { choice: 1, region: 'eu-west-1', shard: 7 };

describe('the request that records a ballot', () => {
  it('puts the ballot if it is new and adds one to an unmarked shard, which names itself', () => {
    const { TransactItems = [] } = recordBallot('votes', poll, ballot, name);
    const [put, add] = TransactItems;

    expect(TransactItems).toHaveLength(2);
    expect(put?.Put).toEqual({
      TableName: 'votes',
      Item: {
        pk: expect.stringMatching(/^BALLOT#colors#\d+$/),
        sk: 'v1',
        choice: 1,
        voter: 'pseudonym',
        acceptedAt: 5,
      },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    expect(add?.Update).toEqual({
      TableName: 'votes',
      Key: { pk: 'SHARD#colors#1.eu-west-1#7', sk: 'SHARD' },
      UpdateExpression:
        'SET #kind = :kind, #version = :version, pollId = :pollId, choice = :choice, #region = :region, #shard = :shard, lastVoteAt = :acceptedAt ADD votes :one',
      ConditionExpression: 'attribute_not_exists(closed)',
      ExpressionAttributeNames: { '#kind': 'kind', '#version': 'version', '#region': 'region', '#shard': 'shard' },
      ExpressionAttributeValues: {
        ':kind': 'shard',
        ':version': 1,
        ':pollId': 'colors',
        ':choice': 1,
        ':region': 'eu-west-1',
        ':shard': 7,
        ':acceptedAt': 5,
        ':one': 1,
      },
    });
  });

  it('puts the voter too, if new, where the poll takes one vote of each', () => {
    const { TransactItems = [] } = recordBallot('votes', { ...poll, voterLimit: 'one' }, ballot, name);

    expect(TransactItems[2]?.Put).toEqual({
      TableName: 'votes',
      Item: { pk: 'VOTER#colors#pseudonym', sk: 'VOTER', voteId: 'v1' },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
  });

  it('spreads ballots over 64 partitions by their id, the same id always into the same', () => {
    const partition = (voteId: string) =>
      recordBallot('votes', poll, { ...ballot, voteId }, name).TransactItems?.[0]?.Put?.Item?.pk;
    const partitions = new Set(Array.from({ length: 2_000 }, (_, index) => partition(`v${index}`)));

    expect(partitions.size).toBe(64);
    expect(partition('v1')).toBe(partition('v1'));
  });
});

it('the request that counts ballots asks for their number alone, consistently, page after page', () => {
  expect(countBallots('votes', 'colors', 63, { pk: 'x', sk: 'y' })).toEqual({
    TableName: 'votes',
    KeyConditionExpression: 'pk = :bucket',
    ExpressionAttributeValues: { ':bucket': 'BALLOT#colors#63' },
    Select: 'COUNT',
    ConsistentRead: true,
    ExclusiveStartKey: { pk: 'x', sk: 'y' },
  });
});

it('the request that closes a shard marks it, creates it if it is not there, and keeps its votes', () => {
  const { UpdateExpression = '', ConditionExpression, ExpressionAttributeValues } = closeShard('votes', 'colors', name);

  expect(UpdateExpression).toContain('closed = :closed');
  expect(UpdateExpression).toContain('votes = if_not_exists(votes, :none)');
  expect(UpdateExpression).toContain('lastVoteAt = if_not_exists(lastVoteAt, :none)');
  expect(ExpressionAttributeValues).toMatchObject({ ':closed': true, ':none': 0, ':kind': 'shard', ':version': 1 });
  expect(ConditionExpression).toBeUndefined();
});

describe('the request that creates a poll', () => {
  const items = (fields: Partial<Poll>, holder?: string) =>
    putPoll('tallies', { ...poll, ...fields }, holder).TransactItems?.map(({ Put }) => Put) ?? [];

  it('puts the poll if it is new, and its entry in the list', () => {
    expect(items({})).toEqual([
      {
        TableName: 'tallies',
        Item: { pk: 'POLL#colors', sk: 'POLL', poll },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
      { TableName: 'tallies', Item: { pk: 'POLLS', sk: '001700000000000#colors' } },
    ]);
  });

  it('puts a poll with an end into the list of those to be closed', () => {
    expect(items({ closesAt: 1_700_000_000_500 })[2]).toEqual({
      TableName: 'tallies',
      Item: { pk: 'DUE', sk: '001700000000500#colors' },
    });
  });

  it('takes the number if nobody has it, or if the closed poll that has it still does', () => {
    const number = { TableName: 'tallies', Item: { pk: 'NUMBER#+15550001111', sk: 'NUMBER', pollId: 'colors' } };

    expect(items({ smsNumber: '+15550001111' })[2]).toEqual({
      ...number,
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    expect(items({ smsNumber: '+15550001111' }, 'former')[2]).toEqual({
      ...number,
      ConditionExpression: 'pollId = :holder',
      ExpressionAttributeValues: { ':holder': 'former' },
    });
  });
});

it('the requests that close and grow a poll change one that is there and not closed, and a growth only upwards', () => {
  expect(closePoll('tallies', 'colors', 9)).toMatchObject({
    Key: { pk: 'POLL#colors', sk: 'POLL' },
    UpdateExpression: 'SET poll.closedAt = :closedAt',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(poll.closedAt)',
    ExpressionAttributeValues: { ':closedAt': 9 },
  });
  expect(growPoll('tallies', 'colors', 64)).toMatchObject({
    UpdateExpression: 'SET poll.shards = :shards',
    ConditionExpression: 'poll.shards < :shards AND attribute_not_exists(poll.closedAt)',
    ExpressionAttributeValues: { ':shards': 64 },
  });
});

describe('the request that stores a tally', () => {
  const tally = { ...emptyTally('colors'), revision: 4, marks: new Map([['1.eu-west-1#2', 3]]), lagMs: 12 };

  it('expects the revision that was read, or that there is none yet', () => {
    expect(putTally('tallies', tally, 3)).toEqual({
      TableName: 'tallies',
      Item: {
        pk: 'TALLY#colors',
        sk: 'TALLY',
        revision: 4,
        marks: { 'eu-west-1': [[], [0, 0, 3]] },
        newestVoteAt: 0,
        lagMs: 12,
      },
      ConditionExpression: 'revision = :expected',
      ExpressionAttributeValues: { ':expected': 3 },
    });
    expect(putTally('tallies', tally, 0).ConditionExpression).toBe('attribute_not_exists(revision)');
    expect(putTally('tallies', tally, 0).ExpressionAttributeValues).toBeUndefined();
  });

  it('packs marks so that they come back the same, whatever regions, choices and shards there are', () => {
    const names = fc.record({
      choice: fc.nat(99),
      region: fc.constantFrom('eu-west-1', 'us-east-1', 'local'),
      shard: fc.nat(999),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(names, fc.integer({ min: 1 })), { maxLength: 20 }), (entries) => {
        const marks = new Map(entries.map(([shard, votes]) => [shardKey(shard), votes]));
        expect([...unpackMarks(packMarks(marks))].sort()).toEqual([...marks].sort());
      }),
      { numRuns: 300 },
    );
  });

  it('fits the largest poll into a fraction of the 400 KB that an item may have', () => {
    const marks = new Map<string, number>();
    for (const region of ['eu-west-1', 'us-east-1', 'ap-southeast-2'])
      for (let choice = 0; choice < 100; choice++)
        for (let shard = 0; shard < 20; shard++) marks.set(shardKey({ choice, region, shard }), 9_999_999);

    expect(JSON.stringify(packMarks(marks)).length).toBeLessThan(60_000);
  });
});
