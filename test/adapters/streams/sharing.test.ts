import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ShardLease } from '../../../src/adapters/streams/leases.ts';
import { planSharing, progressIn, readableShards } from '../../../src/adapters/streams/sharing.ts';

const HOUR = 3_600_000;
const NOW = 100 * HOUR;

const shard = (ShardId: string, ParentShardId?: string) => ({ ShardId, ParentShardId });
const lease = (shardId: string, fields: Partial<ShardLease> = {}): ShardLease => ({
  shardId,
  owner: 'other',
  expiresAt: NOW + 1_000,
  ...fields,
});

describe('the shards that may be read', () => {
  it('are those without a parent, and children once the parent is read to its end', () => {
    const shards = [shard('a'), shard('b'), shard('a1', 'a'), shard('a2', 'a'), shard('b1', 'b')];

    expect(readableShards(shards, [])).toEqual(['a', 'b']);
    expect(readableShards(shards, [lease('a', { done: true })])).toEqual(['b', 'a1', 'a2']);
  });

  it('are also those whose parent the stream keeps no longer', () => {
    expect(readableShards([shard('a1', 'a'), shard('a11', 'a1')], [])).toEqual(['a1']);
  });

  it('are not those that are read to their end', () => {
    expect(readableShards([shard('a'), shard('b')], [lease('b', { done: true })])).toEqual(['a']);
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
    expect(plan({})).toEqual({ take: ['a', 'b', 'c', 'd'], letGo: [] });
  });

  it('of one of two is half: the one that has all lets two go, the other takes what is free', () => {
    expect(plan({ reading: ['a', 'b', 'c', 'd'], members: 2 })).toEqual({ take: [], letGo: ['c', 'd'] });
    expect(plan({ members: 2, held: [lease('a'), lease('b'), lease('c', { expiresAt: NOW })] })).toEqual({
      take: ['c', 'd'],
      letGo: [],
    });
  });

  it('takes nothing that somebody holds, and again what this process held before it failed', () => {
    expect(plan({ held: [lease('a'), lease('b', { owner: 'me' })], readable: ['a', 'b'] }).take).toEqual(['b']);
  });

  it('lets go of what is not to be read any more', () => {
    expect(plan({ reading: ['gone', 'a'] }).letGo).toEqual(['gone']);
  });

  it('leaves every shard with exactly one of the processes after a few rounds, however many there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 7 }), (shardCount, processCount) => {
        const readable = Array.from({ length: shardCount }, (_, index) => `s${index}`);
        const reading = new Map(Array.from({ length: processCount }, (_, index) => [`p${index}`, [] as string[]]));
        // The first process starts alone; the others join later.
        let members = 1;
        for (let round = 0; round < 2 * processCount + 2; round++) {
          for (const [me, mine] of [...reading].slice(0, members)) {
            const held = [...reading].flatMap(([owner, shards]) => shards.map((id) => lease(id, { owner })));
            const { take, letGo } = planSharing({
              me,
              reading: mine,
              readable,
              leases: { shards: held, members },
              now: NOW,
            });
            reading.set(me, [...mine.filter((id) => !letGo.includes(id)), ...take]);
          }
          members = Math.min(processCount, members + 1);
        }
        const shares = [...reading.values()];
        expect(shares.flat().sort()).toEqual([...readable].sort());
        for (const share of shares) expect(share.length).toBeLessThanOrEqual(Math.ceil(shardCount / processCount));
      }),
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
