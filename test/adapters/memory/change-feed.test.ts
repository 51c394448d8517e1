import { describe, expect, it } from '@jest/globals';
import { MemoryChangeFeed } from '../../../src/adapters/memory/change-feed.ts';
import { eventually } from '../../helpers/eventually.ts';

describe('the feed of changes in memory', () => {
  it('delivers others while an item fails, and that one once it does not', async () => {
    const feed = new MemoryChangeFeed<string>();
    feed.readBy((item) => item);
    const taken = new Set<string>();
    let isFull = true;
    feed.append('poisoned');
    void feed.start({
      changes: async (batch) => {
        if (isFull && batch.includes('poisoned')) throw new Error('not now');
        for (const item of batch) taken.add(item);
      },
      gap: async () => undefined,
    });
    for (const item of ['one', 'two']) {
      await new Promise((resolve) => setImmediate(resolve));
      feed.append(item);
      await eventually(
        async () => taken.has(item),
        (isTaken) => isTaken,
      );
    }
    expect(taken.has('poisoned')).toBe(false);

    isFull = false;
    await eventually(
      async () => taken.has('poisoned'),
      (isTaken) => isTaken,
    );
    await feed.stop();
  });

  it('stops at once while an item fails, and keeps it', async () => {
    const waiting = new Map<string, true>();
    const feed = new MemoryChangeFeed<string>(waiting);
    feed.readBy((item) => item);
    let tries = 0;
    feed.append('poisoned');
    void feed.start({
      changes: async () => {
        tries++;
        throw new Error('not now');
      },
      gap: async () => undefined,
    });
    await eventually(
      async () => tries,
      (made) => made > 1,
    );
    const before = performance.now();
    await feed.stop();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect([...waiting.keys()]).toEqual(['poisoned']);
  });
});
