import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StreamRecord } from '../../../../src/adapters/dynamodb/streams/stream-record.ts';
import { decodeVoteRecords } from '../../../../src/adapters/dynamodb/streams/vote-records.ts';
import { shardImage } from '../../../helpers/votes.ts';

const SHARD = {
  kind: 'shard',
  version: 2,
  pollId: 'colors',
  region: 'eu-west-1',
  shard: 7,
  ballots: 41,
  lastVoteAt: 1_000,
  v0: 1,
  v2: 40,
};
const IMAGE = shardImage({ shard: 7, votes: [1, 0, 40], ballots: 41, lastVoteAt: 1_000 });

const record = (image: Record<string, unknown>, eventName = 'MODIFY', SequenceNumber = '1'): StreamRecord => ({
  eventName,
  dynamodb: { SequenceNumber, NewImage: marshall(image) },
});

describe('records of the votes table', () => {
  it('give the image of a shard, new or changed, closed or not', () => {
    const { v0: _, v2: __, ...unused } = SHARD;
    const records = [
      record(SHARD, 'INSERT'),
      record({ pk: 'x', sk: 'SHARD', ...SHARD, closed: 48 }),
      record({ ...unused, ballots: 0, lastVoteAt: 0, closed: 48 }),
    ];

    expect(decodeVoteRecords(records)).toEqual({
      images: [IMAGE, { ...IMAGE, closed: 48 }, { ...IMAGE, votes: [], ballots: 0, lastVoteAt: 0, closed: 48 }],
      ignored: {},
      unreadable: [],
    });
  });

  it('give the votes of every choice, whichever of them are there and in whichever order', () => {
    const votes = fc.uniqueArray(fc.tuple(fc.nat(99), fc.integer({ min: 1 })), { selector: ([choice]) => choice });
    fc.assert(
      fc.property(votes, (counts) => {
        const { v0: _, v2: __, ...shard } = SHARD;
        const named = Object.fromEntries(counts.map(([choice, count]) => [`v${choice}`, count]));
        const { images, unreadable } = decodeVoteRecords([record({ ...shard, ...named })]);

        expect(unreadable).toEqual([]);
        const expected = Array<number>(Math.max(-1, ...counts.map(([choice]) => choice)) + 1).fill(0);
        for (const [choice, count] of counts) expected[choice] = count;
        expect(images[0]?.votes).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('give what they hold besides attributes that a later release may add', () => {
    const later = { ...SHARD, vx: 1, v: 2, 'v-1': 3, v02: 4, 'v1.5': 5, xv1: 5, V1: 6, votes: 7, back0: 8 };

    expect(decodeVoteRecords([record(later)])).toEqual({ images: [IMAGE], ignored: {}, unreadable: [] });
  });

  it('are passed over and counted where they are removals, other items, or of another version', () => {
    const records = [
      record(SHARD),
      { eventName: 'REMOVE', dynamodb: { SequenceNumber: '2' } },
      record(SHARD, 'REMOVE'),
      record({ pk: 'BALLOT#colors#1', sk: 'b1', version: 2, choices: [0], acceptedAt: 1 }),
      record({ kind: 'ballot' }),
      record({ ...SHARD, version: 1, choice: 2, votes: 41 }),
      record({ ...SHARD, version: 3, v0: 'in some other form' }),
      record({ ...SHARD, version: 'two' }),
    ];

    const { images, ignored, unreadable } = decodeVoteRecords(records);
    expect(images).toHaveLength(1);
    expect(ignored).toEqual({ removed: 2, foreign: 2, 'unknown version': 3 });
    expect(unreadable).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['no poll', { pollId: null }],
    ['a poll id that no poll has', { pollId: 'x'.repeat(65) }],
    ['a shard that no poll has', { shard: 1_000 }],
    ['a negative shard', { shard: -1 }],
    ['half a shard', { shard: 0.5 }],
    ['a region that would be no key', { region: '__proto__' }],
    ['no region', { region: '' }],
    ['no number of ballots', { ballots: null }],
    ['fewer ballots than none', { ballots: -1 }],
    ['ballots that are text', { ballots: '41' }],
    ['votes for a choice that no poll has', { v100: 1 }],
    ['votes for one far beyond them', { v1000000000000: 1 }],
    ['votes that are text', { v1: '41' }],
    ['votes that are half', { v1: 1.5 }],
    ['fewer votes than none', { v0: -1 }],
    ['no votes where there is their name', { v2: null }],
    ['a list of votes', { v2: [40] }],
    ['more votes than a number can hold', { v2: 9_007_199_254_740_993n }],
    ['a close of more shards than there are', { closed: 1_001 }],
    ['a close that the first release writes', { closed: true }],
    ['no time', { lastVoteAt: false }],
  ])('are unreadable where a shard has %s', (_, fields) => {
    const [[name]] = Object.entries(fields) as [[string, unknown]];
    const good = record({ ...SHARD, v0: 2 }, 'MODIFY', '8');
    const { images, unreadable } = decodeVoteRecords([record({ ...SHARD, ...fields }, 'MODIFY', '7'), good]);

    expect(unreadable).toEqual([{ sequenceNumber: '7', problem: `not readable: ${name}` }]);
    expect(images.map(({ votes }) => votes)).toEqual([[2, 0, 40]]);
  });

  it('are unreadable without an image, since the stream is to carry new images', () => {
    expect(decodeVoteRecords([{ eventName: 'MODIFY', dynamodb: { SequenceNumber: '7' } }, {}]).unreadable).toEqual([
      { sequenceNumber: '7', problem: 'no image' },
      { sequenceNumber: '', problem: 'no image' },
    ]);
  });

  it('never make the reader throw, whatever is in them', () => {
    const attribute = fc.oneof(fc.anything(), fc.record({ S: fc.anything() }), fc.record({ N: fc.anything() }));
    const image = fc.record(
      {
        kind: fc.constantFrom({ S: 'shard' }, { S: 'ballot' }, null),
        version: fc.constantFrom({ N: '1' }, { N: '2' }, {}),
        pollId: attribute,
        region: attribute,
        shard: attribute,
        ballots: attribute,
        closed: attribute,
        lastVoteAt: attribute,
        v0: attribute,
        v99: attribute,
        v100: attribute,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(image, { maxLength: 5 }), (images) => {
        const records = images.map((NewImage) => ({ eventName: 'MODIFY', dynamodb: { NewImage } }));
        const { images: read, ignored, unreadable } = decodeVoteRecords(records);
        const passedOver = Object.values(ignored).reduce((sum, count) => sum + count, 0);
        expect(read.length + passedOver + unreadable.length).toBe(images.length);
      }),
      { numRuns: 1_000 },
    );
  });
});
