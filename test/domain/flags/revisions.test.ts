import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryFlagStore } from '../../../src/adapters/memory/flag-store.ts';
import { AdvanceFlagSet } from '../../../src/domain/flags/advance-flag-set.ts';
import { ChangeFlags } from '../../../src/domain/flags/change-flags.ts';
import { CurrentFlagSets } from '../../../src/domain/flags/current-flag-sets.ts';
import type { Flag } from '../../../src/domain/flags/flag.ts';
import type { FlagSet } from '../../../src/domain/flags/flag-set.ts';
import { FakeClock } from '../../helpers/fakes.ts';
import { aFlag } from '../../helpers/flags.ts';

const order = { setId: 'web', by: 'admin' };

const change = fc.oneof(
  fc.record({ put: fc.constantFrom('a', 'b', 'c'), text: fc.constantFrom('1', '2') }),
  fc.record({ remove: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ revertTo: fc.nat(20) }),
  fc.record({ setClock: fc.integer({ min: -5_000, max: 5_000 }) }),
);

describe('the revisions of a flag set', () => {
  it('are what the history tells, can each be brought back, and never begin anew or lie before the one that they follow', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (script) => {
        const clock = new FakeClock();
        const store = new MemoryFlagStore();
        const current = new CurrentFlagSets(store, new AdvanceFlagSet(store, clock), clock, clock);
        const changes = new ChangeFlags(store, current, clock);
        await store.create({ setId: 'web', createdAt: clock.now() });
        const seen: FlagSet[] = [(await store.get('web')) as FlagSet];

        for (const step of script) {
          const now = seen.at(-1) as FlagSet;
          if ('setClock' in step) clock.advance(step.setClock);
          else if ('put' in step) await changes.put(order, step.put, aFlag(step.put, { description: step.text }));
          else if ('revertTo' in step) {
            const to = step.revertTo % (now.revision + 1);
            const { set } = await changes.revert(order, to);
            expect(sorted(set)).toEqual(sorted(seen[to] as FlagSet));
          } else if (now.flags.has(step.remove)) await changes.delete(order, step.remove);

          const next = (await store.get('web')) as FlagSet;
          if (next.revision === now.revision) continue;
          expect(next.revision).toBe(now.revision + 1);
          expect(next.updatedAt).toBeGreaterThanOrEqual(now.updatedAt);
          expect((await current.read('web')).set.revision).toBe(next.revision);
          seen.push(next);
        }
        expect(await folded(store)).toEqual(sorted(seen.at(-1) as FlagSet));
      }),
      { numRuns: 200 },
    );
  });
});

const sorted = ({ flags }: Pick<FlagSet, 'flags'>): Flag[] =>
  [...flags.values()].sort((one, other) => (one.key < other.key ? -1 : 1));

/** The flags of a set by its history alone, which must also say of each change what was there. */
async function folded(store: MemoryFlagStore): Promise<Flag[]> {
  const flags = new Map<string, Flag>();
  const { items } = await store.history('web', { limit: 1_000 });
  for (const { key, before, after } of [...items].reverse()) {
    if (key === null) continue;
    expect(flags.get(key)).toEqual(before);
    if (after) flags.set(key, after);
    else flags.delete(key);
  }
  return sorted({ flags });
}
