import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Poll } from '../../src/domain/votes/poll.ts';
import type { DuePoll, PollStore } from '../../src/ports/votes.ts';
import { aPoll as poll } from '../helpers/votes.ts';

const NOW = Date.UTC(2026, 0, 1);

/** @param make a new store that holds these polls and no others */
export function describePollStore(name: string, make: (polls: readonly Poll[]) => Promise<PollStore>): void {
  describe(`PollStore: ${name}`, () => {
    let store: PollStore;
    beforeEach(async () => {
      store = await make([]);
    });

    it('gives back a poll with everything in it', async () => {
      const full = poll({
        pollId: 'full',
        question: 'Ünïcode \u202e and "quotes" <b>?',
        choices: ['__proto__', 'constructor', 'ｒｅｄ 🙂'],
        opensAt: NOW + 1,
        closesAt: NOW + 2,
        voterLimit: 'one',
        hideUntilClose: true,
        channels: ['sms'],
        smsNumber: '+15550001111',
      });
      await store.create(full);
      await store.create(poll());

      expect(await store.get('full')).toEqual(full);
      expect(await store.get('colors')).toEqual(poll());
      expect(await store.get('none')).toBeUndefined();
      expect(await store.get('__proto__')).toBeUndefined();
    });

    it('creates an id once, also when many try at the same time', async () => {
      const tries = await Promise.allSettled(Array.from({ length: 8 }, (_, shards) => store.create(poll({ shards }))));

      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const attempt of tries)
        if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'VOTES_POLL_EXISTS' });
    });

    it('lists newest first, page by page, each poll once', async () => {
      const ages = [5, 3, 9, 3, 7];
      for (const [index, age] of ages.entries())
        await store.create(poll({ pollId: `p${index}`, createdAt: NOW + age }));

      const listed: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list({ limit: 2, cursor });
        expect(page.items.length).toBeLessThanOrEqual(2);
        listed.push(...page.items.map(({ pollId }) => pollId));
        cursor = page.nextCursor;
      } while (cursor !== undefined);

      expect(listed).toEqual(['p2', 'p4', 'p0', 'p3', 'p1']);
      expect((await store.list({ limit: 5 })).nextCursor).toBeUndefined();
    });

    it('refuses a text that is no cursor', async () => {
      await store.create(poll());
      for (const cursor of ['x', '__proto__', 'after:', 'after:#', '%'])
        await expect(store.list({ limit: 5, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });

    const smsNumber = '+15550001111';
    const close = (pollId: string, closedAt: number) =>
      store.close(pollId, { closedAt, closedBy: 'admin', withoutRegions: [] });

    it('finds polls by id, and leaves out those that are not there', async () => {
      for (const pollId of ['a', 'b']) await store.create(poll({ pollId }));

      const found = await store.getMany(['b', 'none', 'a']);
      expect(found.map(({ pollId }) => pollId).sort()).toEqual(['a', 'b']);
      expect(await store.getMany([])).toEqual([]);
    });

    it.each([
      ['both without an end', {}, {}],
      ['one within the other', { closesAt: NOW + 100 }, { opensAt: NOW + 10, closesAt: NOW + 20 }],
      ['one open at the end of the other', { closesAt: NOW + 100 }, { opensAt: NOW + 99 }],
      ['one opening before the other', { opensAt: NOW + 50 }, { opensAt: NOW + 10, closesAt: NOW + 51 }],
    ])('refuses a number for two polls at one time: %s', async (_, first, second) => {
      await store.create(poll({ pollId: 'one', smsNumber, ...first }));

      await expect(store.create(poll({ pollId: 'two', smsNumber, ...second }))).rejects.toMatchObject({
        code: 'VOTES_NUMBER_TAKEN',
      });
      expect(await store.get('two')).toBeUndefined();
      await expect(store.create(poll({ pollId: 'one', smsNumber, ...second }))).rejects.toMatchObject({
        code: 'VOTES_POLL_EXISTS',
      });
      expect(await store.findNumber(smsNumber)).toMatchObject({ pollIds: ['one'], firstPollId: 'one' });
      expect(await store.findNumber('+15550002222')).toBeUndefined();
    });

    it('gives a number to polls that follow each other, in any order of creation', async () => {
      await store.create(poll({ pollId: 'second', smsNumber, opensAt: NOW + 20, closesAt: NOW + 30 }));
      await store.create(poll({ pollId: 'first', smsNumber, closesAt: NOW + 20 }));
      await store.create(poll({ pollId: 'third', smsNumber, opensAt: NOW + 30 }));

      const number = await store.findNumber(smsNumber);
      expect(number?.firstPollId).toBe('second');
      expect([...(number?.pollIds ?? [])].sort()).toEqual(['first', 'second', 'third']);
    });

    it('frees a number at a close, and forgets all that are over but the last', async () => {
      await store.create(poll({ pollId: 'one', smsNumber }));
      await close('one', NOW + 10);
      await store.create(poll({ pollId: 'two', smsNumber, createdAt: NOW + 20, closesAt: NOW + 30 }));
      await store.create(poll({ pollId: 'three', smsNumber, createdAt: NOW + 30 }));

      expect(await store.findNumber(smsNumber)).toMatchObject({ pollIds: ['two', 'three'], firstPollId: 'one' });
    });

    it('knows the numbers of the polls that it holds from the start', async () => {
      const seeded = await make([
        poll({ pollId: 'newest', smsNumber, createdAt: NOW + 2 }),
        poll({ pollId: 'oldest', smsNumber, closedAt: NOW + 1 }),
      ]);

      expect(await seeded.findNumber(smsNumber)).toMatchObject({
        pollIds: ['oldest', 'newest'],
        firstPollId: 'oldest',
      });
      await expect(seeded.create(poll({ smsNumber, createdAt: NOW + 3 }))).rejects.toMatchObject({
        code: 'VOTES_NUMBER_TAKEN',
      });
    });

    it('gives a number to one of many polls that ask at the same time', async () => {
      const tries = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => store.create(poll({ pollId: `p${index}`, smsNumber }))),
      );

      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const attempt of tries)
        if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'VOTES_NUMBER_TAKEN' });
    });

    it('closes a poll once and keeps the first time and name; a region can be given up later', async () => {
      await store.create(poll());
      const closed = poll({ closedAt: NOW + 10, closedBy: 'admin' });

      expect(await close('colors', NOW + 10)).toEqual(closed);
      expect(await store.close('colors', { closedAt: NOW + 99, closedBy: 'ci', withoutRegions: ['eu'] })).toEqual({
        ...closed,
        withoutRegions: ['eu'],
      });
      await close('colors', NOW + 99);
      expect(await store.get('colors')).toEqual({ ...closed, withoutRegions: ['eu'] });
      const giveUp = (...withoutRegions: string[]) =>
        store.close('colors', { closedAt: NOW + 99, closedBy: 'ci', withoutRegions });
      await Promise.all([giveUp('eu', 'us'), giveUp('us', 'ap')]);
      expect(new Set((await store.get('colors'))?.withoutRegions)).toEqual(new Set(['eu', 'us', 'ap']));
      expect((await store.get('colors'))?.withoutRegions).toHaveLength(3);
      await expect(close('none', NOW)).rejects.toMatchObject({ code: 'VOTES_POLL_NOT_FOUND' });
    });

    it('keeps the audit of a poll, and the latest of several', async () => {
      const audit = { ballots: 3, shards: 3, tally: 3, drift: 0, doubleVoters: 0, at: NOW };
      await store.create(poll());

      expect(await store.finish('colors', audit)).toEqual(poll({ audit }));
      await store.finish('colors', { ...audit, at: NOW + 1, withoutRegions: ['eu'] });
      expect((await store.get('colors'))?.audit).toEqual({ ...audit, at: NOW + 1, withoutRegions: ['eu'] });
      const kept = await store.get('colors');
      expect(await store.finish('colors', audit)).toEqual(kept);
      expect(await store.get('colors')).toEqual(kept);
      await expect(store.finish('none', audit)).rejects.toMatchObject({ code: 'VOTES_POLL_NOT_FOUND' });
    });

    const dueAt = async (now: number) => (await store.listDue(now)).map((due) => [due.pollId, due.dueAt - NOW]);

    it('lists what is due, oldest first: a poll at its end, or five minutes after its creation', async () => {
      await store.create(poll({ pollId: 'late', closesAt: NOW + 900_000 }));
      await store.create(poll({ pollId: 'endless', createdAt: NOW + 1 }));
      await store.create(poll({ pollId: 'soon', closesAt: NOW + 10 }));
      await store.schedule({ pollId: 'soon', dueAt: NOW + 5 });

      expect(await dueAt(NOW + 4)).toEqual([]);
      expect(await dueAt(NOW + 10)).toEqual([
        ['soon', 5],
        ['soon', 10],
      ]);
      expect(await dueAt(NOW + 300_000)).toEqual([
        ['soon', 5],
        ['soon', 10],
        ['late', 300_000],
      ]);
      expect(await dueAt(NOW + 300_001)).toContainEqual(['endless', 300_001]);
    });

    it('moves what is due for one of many who try, and takes it off the list', async () => {
      await store.create(poll({ closesAt: NOW + 10 }));
      const due: DuePoll = { pollId: 'colors', dueAt: NOW + 10 };
      const moves = await Promise.all(Array.from({ length: 6 }, () => store.postpone(due, NOW + 20)));

      expect(moves.filter(Boolean)).toHaveLength(1);
      expect(await dueAt(NOW + 99)).toEqual([['colors', 20]]);
      expect(await store.postpone({ ...due, dueAt: NOW + 20 }, NOW + 20)).toBe(true);
      expect(await store.postpone(due, NOW + 10)).toBe(false);
      expect(await dueAt(NOW + 99)).toEqual([['colors', 20]]);
      expect(await store.postpone({ ...due, dueAt: NOW + 20 }, undefined)).toBe(true);
      expect(await store.postpone({ ...due, dueAt: NOW + 20 }, undefined)).toBe(false);
      expect(await dueAt(NOW + 99)).toEqual([]);
    });

    it('grows the shards of a poll, never shrinks them, and leaves a closed poll as it is', async () => {
      await store.create(poll());

      expect((await store.growShards('colors', 16))?.shards).toBe(16);
      expect((await store.growShards('colors', 8))?.shards).toBe(16);
      expect((await store.get('colors'))?.shards).toBe(16);
      await close('colors', NOW + 1);
      expect((await store.growShards('colors', 32))?.shards).toBe(16);
      expect(await store.growShards('none', 8)).toBeUndefined();
    });
  });
}
