import { beforeAll, describe, expect, it } from '@jest/globals';
import { queueSettings } from '../../src/domain/tasks/queue.ts';
import type { QueueStore } from '../../src/ports/tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { putQueue } from '../helpers/queues.ts';

/** What every {@link QueueStore} must do. @param open a store without queues */
export function describeQueueStore(name: string, open: () => Promise<QueueStore>): void {
  describe(`queue store: ${name}`, () => {
    let store: QueueStore;
    beforeAll(async () => {
      store = await open();
    });

    /** One that the store gives. */
    const version = expect.any(String) as unknown as string;
    const runner = { url: 'http://localhost:9/', timeoutMs: 500, concurrency: 2, ratePerSecond: 0.5 };

    it('keeps the settings that were put last', async () => {
      const settings = queueSettings('put', { order: 'adaptive', maxPending: 7, runner });

      await putQueue(store, queueSettings('put', { leaseSeconds: 9, runner }));
      await putQueue(store, settings);
      expect(await store.get('put')).toEqual({ ...settings, paused: false, version });

      const plain = { ...queueSettings('put'), paused: false, version };
      expect(await putQueue(store, queueSettings('put'))).toEqual(plain);
      expect(await store.get('put')).toEqual(plain);
    });

    it('creates a queue once and leaves one that is there alone', async () => {
      const candidates = [1, 2, 3, 4, 5].map((leaseSeconds) => ({
        ...queueSettings('create', { leaseSeconds }),
        paused: false,
        version,
      }));

      const results = await Promise.all(
        candidates.map(({ paused: _, version: __, ...settings }) => store.create(settings)),
      );

      const stored = await store.get('create');
      expect(candidates.some((candidate) => candidate.leaseSeconds === stored?.leaseSeconds)).toBe(true);
      expect(stored).toEqual({ ...queueSettings('create', stored), paused: false, version });
      expect(results).toEqual(candidates.map(() => stored));
      expect(await store.create(queueSettings('create'))).toEqual(stored);
    });

    it('pauses a queue that is there, whatever is put meanwhile, until it goes on', async () => {
      await putQueue(store, queueSettings('pause'));
      const paused = { ...queueSettings('pause', { leaseSeconds: 9, runner }), paused: true, version };

      expect(await store.pause('pause', true)).toEqual({ ...queueSettings('pause'), paused: true, version });
      expect(await store.pause('pause', true)).toEqual({ ...queueSettings('pause'), paused: true, version });
      expect(await putQueue(store, queueSettings('pause', { leaseSeconds: 9, runner }))).toEqual(paused);
      expect(await store.create(queueSettings('pause'))).toEqual(paused);
      expect(await store.get('pause')).toEqual(paused);
      expect(await store.pause('pause', false)).toEqual({ ...paused, paused: false });
      expect(await store.get('pause')).toEqual({ ...paused, paused: false });
      await store.remove('pause');
    });

    it('pauses nothing that is not there', async () => {
      expect(await store.pause('nobody-made-this', true)).toBeUndefined();
      expect(await store.get('nobody-made-this')).toBeUndefined();
    });

    it('forgets a queue with all that it was, also twice', async () => {
      await putQueue(store, queueSettings('remove', { leaseSeconds: 9 }));
      await store.pause('remove', true);

      await store.remove('remove');
      await store.remove('remove');

      expect(await store.get('remove')).toBeUndefined();
      expect(await store.pause('remove', false)).toBeUndefined();
      expect(await store.create(queueSettings('remove'))).toEqual({
        ...queueSettings('remove'),
        paused: false,
        version,
      });
      await store.remove('remove');
    });

    it('replaces the settings that were seen, and no others, for one of many', async () => {
      const put = (leaseSeconds: number) => queueSettings('replace', { leaseSeconds });

      expect(await store.replace(undefined, put(1))).toEqual({ ...put(1), paused: false, version });
      expect(await store.replace(undefined, put(2))).toBeUndefined();
      const first = await store.get('replace');
      await store.pause('replace', true);
      const after = await Promise.all([2, 3, 4, 5, 6].map((leaseSeconds) => store.replace(first, put(leaseSeconds))));
      const [won, ...others] = after.filter((queue) => queue !== undefined);
      expect(others).toEqual([]);
      expect(won).toMatchObject({ paused: true });
      expect(await store.get('replace')).toEqual(won);
      expect(won?.version).not.toBe(first?.version);
    });

    it('takes the same settings that were put again, or to a queue of the same name, for others', async () => {
      await putQueue(store, queueSettings('replace'));
      const seen = await store.get('replace');
      await putQueue(store, queueSettings('replace'));
      expect(await store.replace(seen, queueSettings('replace', { leaseSeconds: 9 }))).toBeUndefined();

      const again = await store.get('replace');
      await store.remove('replace');
      expect(await store.replace(again, queueSettings('replace', { leaseSeconds: 9 }))).toBeUndefined();
      await store.create(queueSettings('replace'));
      expect(await store.replace(again, queueSettings('replace', { leaseSeconds: 9 }))).toBeUndefined();
      expect(await store.remove('replace', again)).toBe(false);
      expect(await store.get('replace')).toMatchObject(queueSettings('replace'));
    });

    it('forgets a queue whose settings are as they were seen, also twice', async () => {
      const seen = await putQueue(store, queueSettings('seen'));
      const now = await putQueue(store, queueSettings('seen', { leaseSeconds: 9 }));

      expect(await store.remove('seen', seen)).toBe(false);
      expect(await store.get('seen')).toEqual(now);
      expect(await store.remove('seen', now)).toBe(true);
      expect(await store.get('seen')).toBeUndefined();
      expect(await store.remove('seen', now)).toBe(true);
    });

    it('has no queue that nobody made', async () => {
      expect(await store.get('nobody-made-this')).toBeUndefined();
    });

    it('lists queues by name, in pages', async () => {
      for (const queue of ['b-2', 'a', 'B', 'b', 'b-1']) await putQueue(store, queueSettings(queue));

      const names = await eventually(
        async () => {
          const all: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await store.list({ limit: 2, cursor });
            expect(page.items.length).toBeLessThanOrEqual(2);
            all.push(...page.items.map(({ queue }) => queue));
            cursor = page.nextCursor;
          } while (cursor !== undefined);
          return all;
        },
        (all) => all.length === 8,
      );

      expect(names).toEqual(['B', 'a', 'b', 'b-1', 'b-2', 'create', 'put', 'replace']);
    });

    it('go on in a list behind one that has been removed since', async () => {
      const firstTwo = async () => store.list({ limit: 2, cursor: undefined });
      const { items, nextCursor } = await eventually(firstTwo, (page) => page.items.length === 2);
      const [before, removed] = items.map(({ queue }) => queue);
      await store.remove(removed as string);

      const rest = await store.list({ limit: 100, cursor: nextCursor });
      const names = rest.items.map(({ queue }) => queue);
      expect(names.length).toBeGreaterThan(2);
      expect(names).not.toContain(before);
    });

    describe('what a fleet remembers of a queue', () => {
      const open = { failures: 0, probeAt: 1_767_225_600_500 };
      const probed = { failures: 1, probeAt: 1_767_225_602_000 };
      const turn = { order: 'lifo', since: 1_767_225_600_000 } as const;

      it('is changed if it still is as it was seen, by one of many', async () => {
        await putQueue(store, queueSettings('remembers'));
        expect(await store.get('remembers')).toMatchObject({ paused: false });

        const firsts = [1, 2, 3, 4, 5].map((failures) => ({ ...open, failures }));
        const taken = await Promise.all(
          firsts.map((first) => store.replaceState('remembers', 'breaker', undefined, first)),
        );
        expect(taken.filter(Boolean)).toHaveLength(1);
        const first = firsts[taken.indexOf(true)];
        expect((await store.get('remembers'))?.breaker).toEqual(first);

        expect(await store.replaceState('remembers', 'breaker', { ...open, failures: 9 }, probed)).toBe(false);
        expect(await store.replaceState('remembers', 'breaker', { ...open, ...first }, probed)).toBe(true);
        expect((await store.get('remembers'))?.breaker).toEqual(probed);
        expect(await store.replaceState('remembers', 'breaker', first, undefined)).toBe(false);
        expect(await store.replaceState('remembers', 'breaker', probed, undefined)).toBe(true);
        expect((await store.get('remembers'))?.breaker).toBeUndefined();
      });

      it('is listed, and outlives other settings and pauses but for the breaker', async () => {
        await putQueue(store, queueSettings('remembers'));
        expect(await store.replaceState('remembers', 'turn', undefined, turn)).toBe(true);
        expect(await store.replaceState('remembers', 'breaker', undefined, open)).toBe(true);

        expect(await store.pause('remembers', true)).toMatchObject({ paused: true, breaker: open, turn });
        const listed = (await store.list({ limit: 100, cursor: undefined })).items;
        expect(listed.find(({ queue }) => queue === 'remembers')).toMatchObject({ breaker: open, turn });

        const after = await putQueue(store, queueSettings('remembers', { maxPending: 7 }));
        expect(after).toMatchObject({ maxPending: 7, paused: true, turn });
        expect(after.breaker).toBeUndefined();
      });

      it('is nothing where there is no queue', async () => {
        expect(await store.replaceState('nobody-made-this', 'breaker', undefined, open)).toBe(false);
        expect(await store.get('nobody-made-this')).toBeUndefined();
      });
    });

    it.each(['x', '%%%', '__proto__'])('refuses the cursor %s', async (cursor) => {
      await expect(store.list({ limit: 1, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });
  });
}
