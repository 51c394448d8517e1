import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StreamRecord } from '../../../src/adapters/streams/stream-record.ts';
import { decodeVoteRecords } from '../../../src/adapters/streams/vote-records.ts';

const SHARD = {
  kind: 'shard',
  version: 1,
  pollId: 'colors',
  choice: 2,
  region: 'eu-west-1',
  shard: 7,
  votes: 41,
  lastVoteAt: 1_000,
};

const record = (image: Record<string, unknown>, eventName = 'MODIFY', SequenceNumber = '1'): StreamRecord => ({
  eventName,
  dynamodb: { SequenceNumber, NewImage: marshall(image) },
});

describe('records of the votes table', () => {
  it('give the image of a shard, new or changed, closed or not', () => {
    const { kind: _, version: __, ...image } = SHARD;
    const records = [record(SHARD, 'INSERT'), record({ pk: 'x', sk: 'SHARD', ...SHARD, closed: true, votes: 0 })];

    expect(decodeVoteRecords(records)).toEqual({ images: [image, { ...image, votes: 0 }], ignored: {}, poison: [] });
  });

  it('are passed over and counted where they are removals, other items, or of a later version', () => {
    const records = [
      record(SHARD),
      { eventName: 'REMOVE', dynamodb: { SequenceNumber: '2' } },
      record(SHARD, 'REMOVE'),
      record({ pk: 'BALLOT#colors#1', sk: 'v1', choice: 0, acceptedAt: 1 }),
      record({ kind: 'ballot' }),
      record({ ...SHARD, version: 2, votes: 'in some other form' }),
      record({ ...SHARD, version: 'one' }),
    ];

    const { images, ignored, poison } = decodeVoteRecords(records);
    expect(images).toHaveLength(1);
    expect(ignored).toEqual({ removed: 2, foreign: 2, 'unknown version': 2 });
    expect(poison).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['no poll', { pollId: null }],
    ['a poll id that no poll has', { pollId: 'x'.repeat(65) }],
    ['a choice that no poll has', { choice: 100 }],
    ['a negative choice', { choice: -1 }],
    ['a shard that no poll has', { shard: 1_000 }],
    ['half a shard', { shard: 0.5 }],
    ['a region that would be no key', { region: '__proto__' }],
    ['no region', { region: '' }],
    ['votes that are text', { votes: '41' }],
    ['fewer votes than none', { votes: -1 }],
    ['more votes than a number can hold', { votes: 9_007_199_254_740_993n }],
    ['no time', { lastVoteAt: false }],
  ])('are poison where a shard has %s', (_, fields) => {
    const [[name]] = Object.entries(fields) as [[string, unknown]];
    const good = record({ ...SHARD, votes: 1 }, 'MODIFY', '8');
    const { images, poison } = decodeVoteRecords([record({ ...SHARD, ...fields }, 'MODIFY', '7'), good]);

    expect(poison).toEqual([{ sequenceNumber: '7', problem: `not readable: ${name}` }]);
    expect(images.map(({ votes }) => votes)).toEqual([1]);
  });

  it('are poison without an image, since the stream is to carry new images', () => {
    expect(decodeVoteRecords([{ eventName: 'MODIFY', dynamodb: { SequenceNumber: '7' } }, {}]).poison).toEqual([
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
        choice: attribute,
        region: attribute,
        shard: attribute,
        votes: attribute,
        lastVoteAt: attribute,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(image, { maxLength: 5 }), (images) => {
        const records = images.map((NewImage) => ({ eventName: 'MODIFY', dynamodb: { NewImage } }));
        const { images: read, ignored, poison } = decodeVoteRecords(records);
        const passedOver = Object.values(ignored).reduce((sum, count) => sum + count, 0);
        expect(read.length + passedOver + poison.length).toBe(images.length);
      }),
      { numRuns: 1_000 },
    );
  });
});
