import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_REPLIES, REPLY_PAUSE_MS } from '../../src/domain/votes/answer-sms.ts';
import type { ReplyLimit } from '../../src/ports/votes.ts';

/** The store may forget a second later than it has to. */
const PAUSE_MS = REPLY_PAUSE_MS + 1_000;

let senders = 0;
/** Whom no test has sent anything for. */
const newSender = (): string => `sender ${++senders}`;

/** @param make a limit over a store that may be used; a clock of a store counts from the present on */
export function describeReplyLimit(name: string, make: () => Promise<ReplyLimit>, numRuns: number): void {
  describe(`ReplyLimit: ${name}`, () => {
    const now = Date.now();
    const allowed = async (limit: ReplyLimit, sender: string, ids: readonly string[], at: number) => {
      const answers = [];
      for (const id of ids) answers.push(await limit.allow(sender, id, at));
      return answers;
    };
    const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

    it('allows five messages of a sender, each as often as it comes', async () => {
      const [limit, sender] = [await make(), newSender()];

      expect(await allowed(limit, sender, ids('a', MAX_REPLIES), now)).toEqual([true, true, true, true, true]);
      expect(await allowed(limit, sender, ['b', 'a0', 'b', 'a4', 'c'], now + 1)).toEqual([
        false,
        true,
        false,
        true,
        false,
      ]);
    });

    it('tells senders apart, and the same id of two of them', async () => {
      const limit = await make();
      const [one, other] = [newSender(), newSender()];

      expect(await allowed(limit, one, ids('a', 6), now)).toEqual([true, true, true, true, true, false]);
      expect(await allowed(limit, other, ids('a', 6), now)).toEqual([true, true, true, true, true, false]);
    });

    it('forgets after an hour without a message that it allowed', async () => {
      const [limit, sender] = [await make(), newSender()];
      await allowed(limit, sender, ids('a', 4), now);
      expect(await limit.allow(sender, 'a4', now + 1_800_000)).toBe(true);

      expect(await limit.allow(sender, 'b0', now + REPLY_PAUSE_MS)).toBe(false);
      expect(await limit.allow(sender, 'b0', now + 1_800_000 + REPLY_PAUSE_MS - 1)).toBe(false);
      expect(await allowed(limit, sender, ids('b', 6), now + 1_800_000 + PAUSE_MS)).toEqual([
        true,
        true,
        true,
        true,
        true,
        false,
      ]);
    });

    it('allows five of many at once, also where an hour begins anew', async () => {
      const [limit, sender] = [await make(), newSender()];
      for (const at of [now, now + PAUSE_MS]) {
        const answers = await Promise.all(ids(`${at} `, 20).map((id) => limit.allow(sender, id, at)));

        expect(answers.filter(Boolean)).toHaveLength(MAX_REPLIES);
      }
    });

    it('never allows more than five within an hour, and none of a sender who has been quiet is refused', async () => {
      const limit = await make();
      const gap = fc.oneof(
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 0, max: REPLY_PAUSE_MS }),
        fc.constantFrom(REPLY_PAUSE_MS - 1, REPLY_PAUSE_MS, PAUSE_MS),
      );
      const deliveries = fc.array(fc.record({ gap, id: fc.nat({ max: 14 }) }), { minLength: 1, maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(deliveries, async (schedule) => {
          const sender = newSender();
          const taken: { readonly id: number; readonly at: number }[] = [];
          let at = now;
          for (const { gap, id } of schedule) {
            at += gap;
            const isAllowed = await limit.allow(sender, `m${id}`, at);
            const isQuiet = taken.every((one) => one.at <= at - PAUSE_MS);
            const last = taken.at(-1);
            const isCounted = taken.some((one) => one.id === id && one.at > at - REPLY_PAUSE_MS);
            if (isQuiet || (isCounted && last && last.at > at - REPLY_PAUSE_MS)) expect(isAllowed).toBe(true);
            if (isAllowed) taken.push({ id, at });
            const inTheHour = new Set(taken.filter((one) => one.at > at - REPLY_PAUSE_MS).map((one) => one.id));
            expect(inTheHour.size).toBeLessThanOrEqual(MAX_REPLIES);
          }
        }),
        { numRuns },
      );
    });
  });
}
