import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ShardLease } from '../../../../src/adapters/dynamodb/streams/leases.ts';
import {
  childlessShards,
  knownShards,
  planSharing,
  progressIn,
  readableShards,
} from '../../../../src/adapters/dynamodb/streams/sharing.ts';

const HOUR = 3_600_000;
const NOW = 100 * HOUR;

const parentsOf = (...shards: [shardId: string, parentId?: string][]) =>
  new Map(shards.map(([shardId, parentId]) => [shardId, parentId]));
const lease = (shardId: string, fields: Partial<ShardLease> = {}): ShardLease => ({
  shardId,
  owner: 'other',
  expiresAt: NOW + 1_000,
  ...fields,
});

describe('the shards that are known', () => {
  const listing = { askedAt: NOW, parents: parentsOf(['a'], ['a1', 'a']) };
  const known = (...leases: ShardLease[]) => [...knownShards(listing, leases)];

  it('are those of the listing, and those that another process has found since', () => {
    expect(known(lease('a1', { foundAt: NOW }), lease('b1', { foundAt: NOW, parentId: 'b' }))).toEqual([
      ['a', undefined],
      ['a1', 'a'],
      ['b1', 'b'],
    ]);
  });

  it.each([NOW - 1, undefined])('are not those of before, which the stream has dropped (found at %p)', (foundAt) => {
    expect(known(lease('old', { foundAt }))).toEqual([...listing.parents]);
  });

  it('are all those of the leases where the stream could not be listed', () => {
    const unlisted = { askedAt: Number.NEGATIVE_INFINITY, parents: parentsOf() };

    expect([...knownShards(unlisted, [lease('a'), lease('a1', { foundAt: 0, parentId: 'a' })])]).toEqual([
      ['a', undefined],
      ['a1', 'a'],
    ]);
  });
});

describe('the shards that may be read', () => {
  it('are those without a parent, and children once the parent is read to its end', () => {
    const shards = parentsOf(['a'], ['b'], ['a1', 'a'], ['a2', 'a'], ['b1', 'b']);

    expect(readableShards(shards, [])).toEqual(['a', 'b']);
    expect(readableShards(shards, [lease('a', { done: true })])).toEqual(['b', 'a1', 'a2']);
  });

  it('are also those whose parent the stream keeps no longer', () => {
    expect(readableShards(parentsOf(['a1', 'a'], ['a11', 'a1']), [])).toEqual(['a1']);
  });

  it('are not those that are read to their end', () => {
    expect(readableShards(parentsOf(['a'], ['b']), [lease('b', { done: true })])).toEqual(['a']);
  });
});

describe('the shards whose children are looked for', () => {
  const done = (shardId: string) => lease(shardId, { done: true });

  it('are those that are read to their end, unless a child is known', () => {
    expect(childlessShards(parentsOf(['a'], ['b'], ['c'], ['b1', 'b']), [done('a'), done('b')])).toEqual(['a']);
  });

  it('are not those that the stream keeps no longer', () => {
    expect(childlessShards(parentsOf(['a1', 'a']), [done('a')])).toEqual([]);
  });
});

describe('the fair share', () => {
  const plan = (fields: Partial<Parameters<typeof planSharing>[0]> & { members?: number; held?: ShardLease[] }) =>
    planSharing({
      me: 'me',
      reading: [],
      readable: ['a', 'b', 'c', 'd'],
      leases: { shards: fields.held ?? [], members: fields.members ?? 1 },
      now: NOW,
      ...fields,
    });

  it('of the only process is everything', () => {
    expect(plan({})).toEqual({ acquire: ['a', 'b', 'c', 'd'], release: [], offer: [] });
  });

  it('of one of two is half: the one that has all lets two go, the other takes what is free', () => {
    expect(plan({ reading: ['a', 'b', 'c', 'd'], members: 2 })).toEqual({
      acquire: [],
      release: ['c', 'd'],
      offer: [],
    });
    expect(plan({ members: 2, held: [lease('a'), lease('b'), lease('c', { expiresAt: NOW })] })).toEqual({
      acquire: ['c', 'd'],
      release: [],
      offer: [],
    });
  });

  it('offers what is more than its share and what nobody has a lease of', () => {
    const held = [lease('a', { owner: 'me' }), lease('b'), lease('c', { expiresAt: NOW })];

    expect(plan({ reading: ['a'], members: 4, held })).toEqual({ acquire: [], release: [], offer: ['d'] });
  });

  it('takes nothing that somebody holds, and again what this process held before it failed', () => {
    expect(plan({ held: [lease('a'), lease('b', { owner: 'me' })], readable: ['a', 'b'] }).acquire).toEqual(['b']);
  });

  it('lets go of what is not to be read any more', () => {
    expect(plan({ reading: ['gone', 'a'] }).release).toEqual(['gone']);
  });

  it('leaves every shard with exactly one of the processes after a few rounds, of which one has listed them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (shardCount, processCount, areLate) => {
          const all = Array.from({ length: shardCount }, (_, index) => `s${index}`);
          const reading = new Map(Array.from({ length: processCount }, (_, index) => [`p${index}`, [] as string[]]));
          const listed = (me: string) => ({
            askedAt: NOW,
            parents: parentsOf(...(me === 'p0' ? all : []).map((id): [string] => [id])),
          });
          const leases = new Map<string, ShardLease>();
          const put = (shardId: string, owner: string, expiresAt: number) =>
            leases.set(shardId, lease(shardId, { owner, expiresAt, foundAt: NOW }));
          // The process that has listed the shards starts alone, and the others join later; or all start together.
          let members = areLate ? 1 : processCount;
          for (let round = 0; round < 2 * processCount + 2; round++) {
            for (const [me, mine] of [...reading].slice(0, members)) {
              const held = [...leases.values()];
              const readable = readableShards(knownShards(listed(me), held), held);
              const { acquire, release, offer } = planSharing({
                me,
                reading: mine,
                readable,
                leases: { shards: held, members },
                now: NOW,
              });
              for (const shardId of acquire) put(shardId, me, NOW + 1);
              for (const shardId of [...release, ...offer]) put(shardId, me, NOW);
              reading.set(me, [...mine.filter((id) => !release.includes(id)), ...acquire]);
            }
            members = Math.min(processCount, members + 1);
          }
          const shares = [...reading.values()];
          expect(shares.flat().sort()).toEqual([...all].sort());
          for (const share of shares) expect(share.length).toBeLessThanOrEqual(Math.ceil(shardCount / processCount));
        },
      ),
    );
  });
});

describe('where reading goes on', () => {
  it('is behind the checkpoint of a shard that was read today', () => {
    const held = lease('a', { checkpoint: '7', readAt: NOW - HOUR });

    expect(progressIn(held, undefined, NOW)).toEqual({ checkpoint: '7', readAt: NOW - HOUR });
  });

  it('is the beginning of a child whose parent was read to its end today', () => {
    const parent = lease('a', { done: true, readAt: NOW - HOUR, checkpoint: '9' });

    expect(progressIn(lease('a1'), parent, NOW)).toEqual({ checkpoint: undefined, readAt: NOW - HOUR });
  });

  it.each<[string, ShardLease, ShardLease | undefined]>([
    ['nobody read it or its parent', lease('a1'), undefined],
    ['its parent was left before the end', lease('a1'), lease('a', { readAt: NOW - HOUR })],
    ['nobody read it for a day', lease('a1', { readAt: NOW - 24 * HOUR, checkpoint: '7' }), undefined],
    ['its parent ended a day ago', lease('a1'), lease('a', { done: true, readAt: NOW - 24 * HOUR })],
  ])('is unknown, since records may be gone, where %s', (_, held, parent) => {
    expect(progressIn(held, parent, NOW)).toEqual({});
  });
});
