import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pagesOf } from '../../src/domain/shared/page.ts';
import { type AnswerChange, type BallotAnswers, withAnswers } from '../../src/domain/votes/answers.ts';
import type { AnswerStore } from '../../src/ports/votes.ts';

const NOW = Date.UTC(2026, 0, 1);
const TERMS = { receiver: 'slack', quietSeconds: 60, maxSeconds: 900 } as const;
const saying = (texts: AnswerChange['texts'], fields: Partial<AnswerChange> = {}): AnswerChange => ({
  pollId: 'mails',
  ballotId: 'b1',
  choices: [1],
  texts,
  changedAt: NOW,
  ...fields,
});

/** @param make a new, empty store */
export function describeAnswerStore(name: string, make: () => Promise<AnswerStore>): void {
  describe(`AnswerStore: ${name}`, () => {
    let store: AnswerStore;
    beforeEach(async () => {
      store = await make();
    });
    async function listed(limit: number, pollId = 'mails'): Promise<BallotAnswers[]> {
      const all: BallotAnswers[] = [];
      for await (const items of pagesOf((cursor) => store.list(pollId, { limit, ...(cursor ? { cursor } : {}) }))) {
        expect(items.length).toBeLessThanOrEqual(limit);
        all.push(...items);
      }
      return all;
    }

    it('has nothing for a ballot beside which nothing was said', async () => {
      expect(await store.get('mails', 'b1')).toBeUndefined();
      expect(await store.put(saying([[0, '']]))).toBeUndefined();
      expect(await store.get('mails', 'b1')).toBeUndefined();
    });

    it('stores notices in the order of their versions, beside what is said', async () => {
      const about = { pollId: 'mails', ballotId: 'b1', choices: [1], terms: TERMS };
      const notice = { version: 1, changeId: 'c1', region: 'eu-west-1', sending: { until: 1_000 } };
      expect(await store.mark({ ...about, notice })).toBe(true);
      expect(await store.mark({ ...about, notice: { ...notice, changeId: 'c2' } })).toBe(false);
      expect(await store.mark({ ...about, notice: { ...notice, version: 3, changeId: 'c3' } })).toBe(false);
      expect(await store.get('mails', 'b1')).toMatchObject({ texts: [], revision: 0, notice });
      // Somebody was told of a vote without words.
      expect(await listed(10)).toEqual([]);

      expect(await store.put(saying([[0, 'first']], { terms: TERMS }))).toMatchObject({ revision: 1 });
      const told = { version: 2, changeId: 'c4', region: 'eu-west-1', told: { revision: 0, reference: 'C1/17.1' } };
      expect(await store.mark({ ...about, notice: told })).toBe(true);
      expect(await store.get('mails', 'b1')).toMatchObject({
        texts: ['first'],
        revision: 1,
        terms: TERMS,
        notice: told,
      });
      expect(await listed(10)).toMatchObject([{ ballotId: 'b1', revision: 1 }]);
    });

    it('takes one of several notices at once', async () => {
      const marks = Array.from({ length: 5 }, (_, index) =>
        store.mark({
          pollId: 'mails',
          ballotId: 'b1',
          choices: [1],
          terms: TERMS,
          notice: { version: 1, changeId: `c${index}`, region: 'eu-west-1' },
        }),
      );
      expect((await Promise.all(marks)).filter((isMarked) => isMarked)).toHaveLength(1);
    });

    it('sets the texts of the questions that are named, and leaves the others', async () => {
      await store.put(saying([[2, 'third']]));
      const after = await store.put(
        saying(
          [
            [0, 'first'],
            [2, 'changed'],
          ],
          { changedAt: NOW + 5 },
        ),
      );

      expect(after).toEqual({
        pollId: 'mails',
        ballotId: 'b1',
        choices: [1],
        texts: ['first', '', 'changed'],
        revision: 2,
        changedAt: NOW + 5,
      });
      expect(await store.get('mails', 'b1')).toEqual(after);
    });

    it('changes nothing with a repeat', async () => {
      const first = await store.put(
        saying([
          [0, 'same'],
          [1, ''],
        ]),
      );

      expect(
        await store.put(
          saying(
            [
              [0, 'same'],
              [1, ''],
            ],
            { changedAt: NOW + 9 },
          ),
        ),
      ).toEqual(first);
      expect(await store.get('mails', 'b1')).toEqual(first);
    });

    it('takes an answer back with an empty text', async () => {
      await store.put(
        saying([
          [0, 'oops'],
          [1, 'fine'],
        ]),
      );

      expect(await store.put(saying([[0, '']]))).toMatchObject({ texts: ['', 'fine'], revision: 2 });
      expect(await store.put(saying([[1, '']]))).toMatchObject({ texts: [], revision: 3 });
    });

    it('changes answers of a revision only while they have it, and tells what they are', async () => {
      const first = await store.put(saying([[0, 'one']]), 0);
      expect(first).toMatchObject({ texts: ['one'], revision: 1 });
      expect(await store.put(saying([[0, 'mine']]), 0)).toEqual(first);
      expect(await store.put(saying([[0, 'mine']]), 2)).toEqual(first);
      expect(await store.put(saying([[1, 'two']]), 1)).toMatchObject({ texts: ['one', 'two'], revision: 2 });
      expect(await store.put(saying([[1, 'two']], { changedAt: NOW + 9 }), 2)).toMatchObject({
        revision: 2,
        changedAt: NOW,
      });
      expect(await store.put(saying([[0, 'x']], { ballotId: 'b2' }), 1)).toBeUndefined();
      expect(await store.get('mails', 'b2')).toBeUndefined();
    });

    it('lets one of many changes of a revision pass', async () => {
      await store.put(saying([[0, 'one']]));
      await Promise.all([2, 3, 4, 5].map((question) => store.put(saying([[question, 'x']]), 1)));

      expect(await store.get('mails', 'b1')).toMatchObject({ revision: 2 });
    });

    it('loses none of many changes at once', async () => {
      await Promise.all(
        Array.from({ length: 10 }, (_, question) => store.put(saying([[question, `text ${question}`]]))),
      );

      const { texts, revision } = (await store.get('mails', 'b1')) as BallotAnswers;
      expect(texts).toEqual(Array.from({ length: 10 }, (_, question) => `text ${question}`));
      expect(revision).toBe(10);
    });

    it('keeps texts as they are, whatever they hold', async () => {
      const text = '=1+1 <!channel> <b>&amp; "quoted", \r\n\t\u0000 \u200f🌍 __proto__';
      await store.put(saying([[9, text]]));

      expect((await store.get('mails', 'b1'))?.texts[9]).toBe(text);
    });

    it('does what the domain says of every series of changes', async () => {
      const change = fc.array(fc.tuple(fc.nat(9), fc.constantFrom('', 'a', 'b')), { minLength: 1, maxLength: 3 });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
          const ballotId = `run-${++run}`;
          let expected: BallotAnswers | undefined;
          for (const [index, texts] of changes.entries()) {
            const each = saying([...new Map(texts)], { ballotId, changedAt: NOW + index });
            expected = withAnswers(expected, each);
            expect(await store.put(each)).toEqual(expected);
          }
          expect(await store.get('mails', ballotId)).toEqual(expected);
        }),
        { numRuns: 20 },
      );
    });

    it('lists all answers of a poll in pages, each once, whatever their names begin with', async () => {
      const ids = Array.from({ length: 45 }, (_, index) => `${'-_aZ09'[index % 6]}${index}`);
      for (const ballotId of ids) await store.put(saying([[0, ballotId]], { ballotId }));
      await store.put(saying([[0, 'other']], { pollId: 'mails-2' }));

      for (const limit of [1, 7, 100])
        expect((await listed(limit)).map(({ ballotId }) => ballotId).sort()).toEqual([...ids].sort());
      expect((await listed(7))[0]).toMatchObject({ pollId: 'mails', choices: [1], revision: 1 });
      expect(await listed(7, 'none')).toEqual([]);
    });

    it('takes every cursor for a place in the list, and nothing else', async () => {
      await store.put(saying([[0, 'text']]));

      for (const cursor of [
        'after:0',
        'after:00',
        'after:0~',
        'after:00~',
        'after:7.5',
        'after:99~z',
        'after:zz',
        'after:A-_',
      ])
        expect((await store.list('mails', { limit: 1, cursor })).items.length).toBeLessThanOrEqual(1);
      expect((await store.list('mails', { limit: 1, cursor: 'after:zz' })).items).toEqual([]);
      await expect(store.list('mails', { limit: 1, cursor: 'b1' })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });
  });
}
