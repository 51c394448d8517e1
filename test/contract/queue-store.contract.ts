import { beforeAll, describe, expect, it } from '@jest/globals';
import { queueSettings } from '../../src/domain/tasks/queue.ts';
import type { QueueStore } from '../../src/ports/tasks.ts';
import { eventually } from '../helpers/eventually.ts';

/** What every {@link QueueStore} must do. @param open a store without queues */
export function describeQueueStore(name: string, open: () => Promise<QueueStore>): void {
  describe(`queue store: ${name}`, () => {
    let store: QueueStore;
    beforeAll(async () => {
      store = await open();
    });

    const runner = { url: 'http://localhost:9/', timeoutMs: 500, concurrency: 2, ratePerSecond: 0.5 };

    it('keeps the settings that were put last', async () => {
      const settings = queueSettings('put', { order: 'adaptive', maxPending: 7, runner });

      await store.put(queueSettings('put', { leaseSeconds: 9, runner }));
      await store.put(settings);
      expect(await store.get('put')).toEqual({ ...settings, paused: false });

      const plain = { ...queueSettings('put'), paused: false };
      expect(await store.put(queueSettings('put'))).toEqual(plain);
      expect(await store.get('put')).toEqual(plain);
    });

    it('creates a queue once and leaves one that is there alone', async () => {
      const candidates = [1, 2, 3, 4, 5].map((leaseSeconds) => ({
        ...queueSettings('create', { leaseSeconds }),
        paused: false,
      }));

      const results = await Promise.all(candidates.map(({ paused: _, ...settings }) => store.create(settings)));

      const stored = await store.get('create');
      expect(candidates).toContainEqual(stored);
      expect(results).toEqual(candidates.map(() => stored));
      expect(await store.create(queueSettings('create'))).toEqual(stored);
    });

    it('pauses a queue that is there, whatever is put meanwhile, until it goes on', async () => {
      await store.put(queueSettings('pause'));
      const paused = { ...queueSettings('pause', { leaseSeconds: 9, runner }), paused: true };

      expect(await store.pause('pause', true)).toEqual({ ...queueSettings('pause'), paused: true });
      expect(await store.pause('pause', true)).toEqual({ ...queueSettings('pause'), paused: true });
      expect(await store.put(queueSettings('pause', { leaseSeconds: 9, runner }))).toEqual(paused);
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
      await store.put(queueSettings('remove', { leaseSeconds: 9 }));
      await store.pause('remove', true);

      await store.remove('remove');
      await store.remove('remove');

      expect(await store.get('remove')).toBeUndefined();
      expect(await store.pause('remove', false)).toBeUndefined();
      expect(await store.create(queueSettings('remove'))).toEqual({ ...queueSettings('remove'), paused: false });
      await store.remove('remove');
    });

    it('has no queue that nobody made', async () => {
      expect(await store.get('nobody-made-this')).toBeUndefined();
    });

    it('lists queues by name, in pages', async () => {
      for (const queue of ['b-2', 'a', 'B', 'b', 'b-1']) await store.put(queueSettings(queue));

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
        (all) => all.length === 7,
      );

      expect(names).toEqual(['B', 'a', 'b', 'b-1', 'b-2', 'create', 'put']);
    });

    it.each(['x', '%%%', '__proto__'])('refuses the cursor %s', async (cursor) => {
      await expect(store.list({ limit: 1, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });
  });
}
