import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { react } from '../../src/domain/shared/react.ts';
import type { Effect, Reaction } from '../../src/domain/shared/reaction.ts';

const ROUNDS = 50;

/** An outbox that fails now and then, as the store does. */
class Collected {
  readonly effects = new Map<string, Effect>();

  constructor(private readonly fails: () => boolean) {}

  async put(effect: Effect): Promise<void> {
    if (this.fails()) throw new Error('not now');
    const before = this.effects.get(effect.id);
    if (before) expect(effect).toEqual(before);
    this.effects.set(effect.id, effect);
  }
}

/**
 * What every reaction keeps, whatever the stream does: however its changes are cut into batches, come again, begin anew from
 * the oldest or come in another order across items, the effects are the same, and an id has one content.
 *
 * @param history changes in the order of the stream
 * @param itemOf names the item that changed: changes of one item keep their order
 */
export function describeReaction<Change>(
  name: string,
  reaction: Reaction<Change>,
  history: fc.Arbitrary<readonly Change[]>,
  itemOf: (change: Change) => string,
): void {
  describe(`Reaction: ${name}`, () => {
    it('has the same effects however the stream is delivered', async () => {
      await fc.assert(
        fc.asyncProperty(history, fc.infiniteStream(fc.nat(99)), async (changes, numbers) => {
          const next = () => numbers.next().value as number;
          const expected = new Collected(() => false);
          await react(reaction, expected, changes);

          const seen = new Collected(() => next() < 20);
          const items = [...new Set(changes.map(itemOf))];
          const queues = items.map((item) => changes.filter((change) => itemOf(change) === item));
          while (queues.some((queue) => queue.length > 0)) {
            const waiting = queues.filter((queue) => queue.length > 0);
            const queue = waiting[next() % waiting.length] as Change[];
            // The beginning of what is left of an item; it may come again, alone or with more behind it.
            const batch = queue.slice(0, 1 + (next() % 3));
            const failures = await react(reaction, seen, batch);
            if (failures.length === 0 && next() < 70) queue.splice(0, batch.length);
          }
          for (let begun = 0; begun < 2; begun++) await react(reaction, seen, changes.slice(0, next()));
          expect(new Map([...seen.effects].sort())).toEqual(new Map([...expected.effects].sort()));
        }),
        { numRuns: ROUNDS },
      );
    });

    it('is a function of the change, with ids and waits that tasks may have', () => {
      fc.assert(
        fc.property(history, (changes) => {
          for (const change of changes) {
            const effects = reaction(change);
            expect(reaction(structuredClone(change))).toEqual(effects);
            for (const { id, delaySeconds, expiresInSeconds } of effects) {
              expect(id).toMatch(/^[A-Za-z0-9][\w-]{0,63}$/);
              expect(delaySeconds).toBeGreaterThanOrEqual(0);
              expect(expiresInSeconds).toBeGreaterThan(3 * 86_400);
            }
          }
        }),
        { numRuns: ROUNDS },
      );
    });
  });
}
