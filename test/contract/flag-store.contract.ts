import { beforeEach, describe, expect, it } from '@jest/globals';
import { applied, type FlagChange, type FlagSet, nextRevision } from '../../src/domain/flags/flag-set.ts';
import type { FlagStore } from '../../src/ports/flags.ts';
import { aFlag } from '../helpers/flags.ts';

const NOW = Date.UTC(2027, 0, 1);

const added = (key: string, description?: string): FlagChange => ({
  key,
  before: undefined,
  after: aFlag(key, { description }),
});

/** @param make a new, empty store */
export function describeFlagStore(name: string, make: () => Promise<FlagStore>): void {
  describe(`FlagStore: ${name}`, () => {
    let store: FlagStore;
    beforeEach(async () => {
      store = await make();
    });

    const read = async (setId = 'web') => (await store.get(setId)) as FlagSet;
    const makeSet = (setId = 'web') => store.create({ setId, title: `About ${setId}`, createdAt: NOW });
    async function commit(set: FlagSet, ...changes: FlagChange[]): Promise<boolean> {
      return store.commit(set, nextRevision(set, { by: 'admin', reason: 'why', changes, now: NOW + set.revision }));
    }

    it('makes a set once, without flags and at revision 0', async () => {
      expect(await store.get('web')).toBeUndefined();
      expect(await store.revision('web')).toBeUndefined();
      const made = await Promise.all(Array.from({ length: 5 }, () => makeSet()));

      expect(made.filter(Boolean)).toHaveLength(1);
      expect(await makeSet()).toBe(false);
      expect(await read()).toEqual({
        setId: 'web',
        title: 'About web',
        createdAt: NOW,
        revision: 0,
        updatedAt: NOW,
        flags: new Map(),
      });
      expect(await store.get('Web')).toBeUndefined();
      expect(await store.create({ setId: 'bare', createdAt: NOW })).toBe(true);
      expect((await read('bare')).title).toBeUndefined();
    });

    it('changes flags, revision and history together', async () => {
      await makeSet();
      await makeSet('web2');
      const start = await read();
      expect(await commit(start, added('a'))).toBe(true);
      const one = await read();
      expect(one).toEqual(applied(start, nextRevision(start, { by: 'admin', changes: [added('a')], now: NOW })));
      const changed = { key: 'a', before: one.flags.get('a'), after: aFlag('a', { state: 'DISABLED' }) };
      expect(await commit(one, changed, added('b'), added('constructor'))).toBe(true);
      const two = await read();
      expect(await store.revision('web')).toBe(2);
      expect(two).toMatchObject({ revision: 2, updatedAt: NOW + 1 });
      expect([...two.flags.keys()].sort()).toEqual(['a', 'b', 'constructor']);
      expect(await commit(two, { key: 'b', before: two.flags.get('b'), after: undefined })).toBe(true);

      expect([...(await read()).flags.keys()].sort()).toEqual(['a', 'constructor']);
      expect((await read('web2')).flags.size).toBe(0);
      const { items } = await store.history('web', { limit: 100 });
      expect(items.map(({ revision, key }) => [revision, key])).toEqual([
        [3, 'b'],
        [2, 'constructor'],
        [2, 'b'],
        [2, 'a'],
        [1, 'a'],
      ]);
      expect(items[3]).toEqual({ revision: 2, at: NOW + 1, by: 'admin', reason: 'why', ...changed });
      expect(items[0]?.after).toBeUndefined();
      expect((await store.history('web2', { limit: 100 })).items).toEqual([]);
    });

    it('keeps a definition as it was given, digit for digit', async () => {
      await makeSet();
      const flag = aFlag('a', {
        type: 'object',
        variants: { red: { z: 1, a: [0.1, 1e21, null, ''], 'ü\u0000': {} } },
        rules: [{ if: [], serve: { rollout: [['red', 2 ** 31 - 1]], by: 'x' } }],
      });
      await commit(await read(), { key: 'a', before: undefined, after: flag });
      expect(JSON.stringify((await read()).flags.get('a'))).toBe(JSON.stringify(flag));
    });

    it('makes one of many revisions that follow the same one', async () => {
      await makeSet();
      const start = await read();
      const made = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => commit(start, added(key))));
      expect(made.filter(Boolean)).toHaveLength(1);
      const now = await read();
      expect(now).toMatchObject({ revision: 1 });
      expect([...now.flags.keys()]).toEqual([['a', 'b', 'c', 'd', 'e'][made.indexOf(true)]]);
      expect((await store.history('web', { limit: 100 })).items).toHaveLength(1);
      expect(await commit({ ...now, setId: 'gone' }, added('a'))).toBe(false);
    });

    it('makes a revision without a change of flags', async () => {
      await makeSet();
      await commit(await read());
      expect(await read()).toMatchObject({ revision: 1, flags: new Map() });
      expect((await store.history('web', { limit: 1 })).items).toEqual([
        { revision: 1, at: NOW, by: 'admin', reason: 'why', key: null, before: undefined, after: undefined },
      ]);
    });

    it('takes forty flags of full size in one revision', async () => {
      await makeSet();
      const before = await read();
      const large = (key: string) => added(key, 'x'.repeat(15 * 1024));
      const first = Array.from({ length: 40 }, (_, index) => large(`flag-${index}`));
      expect(await commit(before, ...first)).toBe(true);
      const replaced = first.map(({ key, after }) => ({ ...large(key), before: after }));
      expect(await commit(await read(), ...replaced)).toBe(true);
      expect((await read()).flags.size).toBe(40);
    });

    it('reads a set as one revision left it while it is changed', async () => {
      await makeSet();
      // Every revision puts two flags with its own number, or takes both away.
      let isDone = false;
      const write = async () => {
        for (let round = 0; round < 12; round++) {
          const set = await read();
          const text = String(set.revision + 1);
          const changes = ['a', 'b'].map((key) => {
            const was = set.flags.get(key);
            return { key, before: was, after: was && round % 3 === 2 ? undefined : added(key, text).after };
          });
          await commit(set, ...changes);
        }
        isDone = true;
      };
      const check = async () => {
        while (!isDone) {
          const { revision, flags } = await read();
          const texts = [...flags.values()].map(({ description }) => description);
          expect([[], [String(revision), String(revision)]]).toContainEqual(texts);
        }
      };
      await Promise.all([write(), check(), check()]);
    });

    it('deletes a set once, as it was seen, and gives its id to no other', async () => {
      await makeSet();
      await makeSet('web2');
      await commit(await read(), added('a'));
      const seen = await read();
      expect(await store.delete('web', 0)).toBe(false);
      const deleted = await Promise.all(Array.from({ length: 5 }, () => store.delete('web', 1)));

      expect(deleted.filter(Boolean)).toHaveLength(1);
      expect(await store.get('web')).toBeUndefined();
      expect(await store.revision('web')).toBeUndefined();
      expect(await store.history('web', { limit: 1 })).toEqual({ items: [] });
      expect(await commit(seen, added('b'))).toBe(false);
      await commit(await read('web2'), added('c'));
      for (const setId of ['web', 'web', 'web2', 'none']) await store.clear(setId);
      expect(await store.get('web')).toBeUndefined();
      expect(await makeSet()).toBe(false);
      expect([...(await read('web2')).flags.keys()]).toEqual(['c']);
      expect((await store.history('web2', { limit: 5 })).items).toHaveLength(1);
      expect((await store.list({ limit: 20 })).items.map(({ setId }) => setId)).toEqual(['web2']);
    });

    it('gives as much history as is asked for, however large it is', async () => {
      await makeSet();
      // Together well over 1 MB.
      for (let count = 0; count < 90; count++) await commit(await read(), added(`flag-${count}`, 'x'.repeat(15_000)));
      const { items, nextCursor } = await store.history('web', { limit: 100 });
      expect(items.map(({ revision }) => revision)).toEqual(Array.from({ length: 90 }, (_, index) => 90 - index));
      expect(nextCursor).toBeUndefined();
    });

    it('lists sets and history page by page', async () => {
      for (const setId of ['b', 'a', 'C', 'd-1', 'constructor']) await makeSet(setId);
      const first = await store.list({ limit: 2 });
      expect(first.items[0]).toEqual({ setId: 'C', title: 'About C', createdAt: NOW });
      const second = await store.list({ limit: 2, cursor: first.nextCursor as string });
      const third = await store.list({ limit: 2, cursor: second.nextCursor as string });
      expect(third.nextCursor).toBeUndefined();
      const all = [...first.items, ...second.items, ...third.items].map(({ setId }) => setId);
      expect(all).toEqual(['C', 'a', 'b', 'constructor', 'd-1']);

      for (const key of ['x', 'y', 'z']) await commit(await read('a'), added(key), added(`${key}2`));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.history('a', cursor === undefined ? { limit: 4 } : { limit: 4, cursor });
        expect(page.items.length).toBeLessThanOrEqual(4);
        seen.push(...page.items.map(({ key }) => String(key)));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(['z2', 'z', 'y2', 'y', 'x2', 'x']);
    });

    it.each(['nonsense', 'e30', '{}', '\u0000'])('refuses %j, which is no cursor', async (cursor) => {
      await makeSet();
      await expect(store.list({ limit: 1, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
      await expect(store.history('web', { limit: 1, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });
  });
}
