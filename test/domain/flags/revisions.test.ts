import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryFlagStore } from '../../../src/adapters/memory/flag-store.ts';
import { AdvanceFlagSet } from '../../../src/domain/flags/advance-flag-set.ts';
import { ChangeFlags } from '../../../src/domain/flags/change-flags.ts';
import { CurrentFlagSets } from '../../../src/domain/flags/current-flag-sets.ts';
import type { Flag } from '../../../src/domain/flags/flag.ts';
import { type FlagSet, nextRevision } from '../../../src/domain/flags/flag-set.ts';
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
        for (const set of seen) expect(await folded(store, set.revision)).toEqual(sorted(set));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a flag set', () => {
  it('is one that one of two editors changes who have both seen the same revision', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('put', 'delete', 'revert'), { minLength: 2, maxLength: 5 }),
        async (kinds) => {
          const { changes, store } = await aSet();
          await changes.put(order, 'a', aFlag('a'));
          const seen = 1;
          const mine = { ...order, precondition: (set: FlagSet | undefined) => set?.revision === seen };
          const tries = kinds.map((kind) =>
            kind === 'put'
              ? changes.put(mine, 'a', aFlag('a'))
              : kind === 'delete'
                ? changes.delete(mine, 'a')
                : changes.revert(mine, 0),
          );
          const results = await Promise.allSettled(tries);
          expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
          for (const result of results)
            if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'PRECONDITION_FAILED' });
          expect((await store.get('web'))?.revision).toBe(2);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('takes 1 MiB of flags, and one from before that limit can only become smaller', async () => {
    const { changes, store } = await aSet();
    const large = (key: string) => aFlag(key, { description: 'é'.repeat(8_000) });
    const bytes = Buffer.byteLength(JSON.stringify(large('flag-10')));
    const fit = Math.floor(2 ** 20 / bytes);
    for (let index = 10; index < 10 + fit; index++) await changes.put(order, `flag-${index}`, large(`flag-${index}`));
    const put = (key: string) => changes.put(order, key, large(key));
    await expect(put('flag-9x')).rejects.toMatchObject({ code: 'FLAGS_SET_FULL' });
    await put('flag-10');

    const full = (await store.get('web')) as FlagSet;
    const more = { key: 'flag-9x', before: undefined, after: large('flag-9x') };
    await store.commit(full, nextRevision(full, { by: 'an earlier version', changes: [more], now: full.updatedAt }));
    await put('flag-10');
    await changes.delete(order, 'flag-11');
    await put('flag-10');
    await expect(put('flag-11')).rejects.toMatchObject({ code: 'FLAGS_SET_FULL' });
  });

  it('is brought back after many changes of one flag with what it was, also where others change it meanwhile', async () => {
    const { changes, store } = await aSet();
    for (let index = 0; index < 250; index++) {
      await changes.put(order, 'a', aFlag('a', { description: String(index) }));
      if (index === 5) await changes.put(order, 'b', aFlag('b'));
    }
    const read = store.history.bind(store);
    let reads = 0;
    store.history = async (...query) => {
      reads++;
      // Both a flag that was seen, and one that was not, while the first page is read.
      if (reads === 1) {
        await changes.put(order, 'a', aFlag('a', { description: 'meanwhile' }));
        await changes.delete(order, 'b');
      }
      return read(...query);
    };
    const { set } = await changes.revert(order, 10);
    expect(sorted(set).map(({ key, description }) => [key, description])).toEqual([
      ['a', '8'],
      ['b', undefined],
    ]);
    // Three pages, and one more for what came meanwhile.
    expect(reads).toBe(4);
  });
});

async function aSet() {
  const clock = new FakeClock();
  const store = new MemoryFlagStore();
  const changes = new ChangeFlags(
    store,
    new CurrentFlagSets(store, new AdvanceFlagSet(store, clock), clock, clock),
    clock,
  );
  await store.create({ setId: 'web', createdAt: clock.now() });
  return { changes, store };
}

const sorted = ({ flags }: Pick<FlagSet, 'flags'>): Flag[] =>
  [...flags.values()].sort((one, other) => (one.key < other.key ? -1 : 1));

/** The flags of a set at a revision by its history alone, which must also say of each change what was there. */
async function folded(store: MemoryFlagStore, upTo: number): Promise<Flag[]> {
  const flags = new Map<string, Flag>();
  const { items } = await store.history('web', { limit: 1_000 });
  for (const { revision, key, before, after } of [...items].reverse()) {
    if (key === null || revision > upTo) continue;
    expect(flags.get(key)).toEqual(before);
    if (after) flags.set(key, after);
    else flags.delete(key);
  }
  return sorted({ flags });
}
