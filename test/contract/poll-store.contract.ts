import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Poll } from '../../src/domain/votes/poll.ts';
import type { PollStore } from '../../src/ports/votes.ts';

const NOW = Date.UTC(2026, 0, 1);

const poll = (fields: Partial<Poll> = {}): Poll => ({
  pollId: 'colors',
  question: 'Which colour?',
  choices: ['RED', 'GREEN'],
  createdAt: NOW,
  voterLimit: 'none',
  hideUntilClose: false,
  shards: 4,
  ...fields,
});

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

    it('refuses a cursor that it did not make', async () => {
      await store.create(poll());
      for (const cursor of ['x', '__proto__', 'eyJhIjoxfQ', '%'])
        await expect(store.list({ limit: 5, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });

    it('gives a number to one poll that is not closed', async () => {
      const smsNumber = '+15550001111';
      await store.create(poll({ pollId: 'one', smsNumber }));

      await expect(store.create(poll({ pollId: 'two', smsNumber, createdAt: NOW + 1 }))).rejects.toMatchObject({
        code: 'VOTES_NUMBER_TAKEN',
      });
      expect(await store.get('two')).toBeUndefined();
      await expect(store.create(poll({ pollId: 'one', smsNumber }))).rejects.toMatchObject({
        code: 'VOTES_POLL_EXISTS',
      });
      expect((await store.newestByNumber(smsNumber))?.pollId).toBe('one');
      expect(await store.newestByNumber('+15550002222')).toBeUndefined();
    });

    it('hands a number on after a close, and after closesAt', async () => {
      const smsNumber = '+15550001111';
      await store.create(poll({ pollId: 'one', smsNumber }));
      await store.close('one', NOW + 10);
      await store.create(poll({ pollId: 'two', smsNumber, createdAt: NOW + 20, closesAt: NOW + 30 }));
      await store.create(poll({ pollId: 'three', smsNumber, createdAt: NOW + 30 }));

      expect((await store.newestByNumber(smsNumber))?.pollId).toBe('three');
      await store.close('two', NOW + 40);
      expect((await store.newestByNumber(smsNumber))?.pollId).toBe('three');
    });

    it('knows the numbers of the polls that it holds from the start', async () => {
      const smsNumber = '+15550001111';
      const seeded = await make([
        poll({ pollId: 'newest', smsNumber, createdAt: NOW + 2 }),
        poll({ pollId: 'oldest', smsNumber, closedAt: NOW + 1 }),
      ]);

      expect((await seeded.newestByNumber(smsNumber))?.pollId).toBe('newest');
      await expect(seeded.create(poll({ smsNumber, createdAt: NOW + 3 }))).rejects.toMatchObject({
        code: 'VOTES_NUMBER_TAKEN',
      });
    });

    it('gives a number to one of many polls that ask at the same time', async () => {
      const tries = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => store.create(poll({ pollId: `p${index}`, smsNumber: '+15550001111' }))),
      );

      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const attempt of tries)
        if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'VOTES_NUMBER_TAKEN' });
    });

    it('closes a poll once and keeps the first time', async () => {
      await store.create(poll());

      expect(await store.close('colors', NOW + 10)).toEqual(poll({ closedAt: NOW + 10 }));
      expect(await store.close('colors', NOW + 99)).toEqual(poll({ closedAt: NOW + 10 }));
      expect(await store.get('colors')).toEqual(poll({ closedAt: NOW + 10 }));
      expect(await store.close('none', NOW)).toBeUndefined();
    });

    it('names the polls that are due: past closesAt and closed by nobody', async () => {
      await store.create(poll({ pollId: 'past', closesAt: NOW + 10 }));
      await store.create(poll({ pollId: 'later', closesAt: NOW + 11 }));
      await store.create(poll({ pollId: 'closed', closesAt: NOW + 5 }));
      await store.create(poll({ pollId: 'endless' }));
      await store.close('closed', NOW + 6);

      const due = await store.listDue(NOW + 10);
      expect(due.map(({ pollId }) => pollId)).toEqual(['past']);
    });

    it('grows the shards of a poll, never shrinks them, and leaves a closed poll as it is', async () => {
      await store.create(poll());

      expect((await store.growShards('colors', 16))?.shards).toBe(16);
      expect((await store.growShards('colors', 8))?.shards).toBe(16);
      expect((await store.get('colors'))?.shards).toBe(16);
      await store.close('colors', NOW + 1);
      expect((await store.growShards('colors', 32))?.shards).toBe(16);
      expect(await store.growShards('none', 8)).toBeUndefined();
    });
  });
}
