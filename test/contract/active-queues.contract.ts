import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ActiveMark, ActiveQueues } from '../../src/ports/tasks.ts';
import { FakeClock } from '../helpers/fakes.ts';

const HALF_AN_HOUR_MS = 1_800_000;

/** @param open gives an adapter of each process over one new store */
export function describeActiveQueues(
  name: string,
  open: (clock: FakeClock) => Promise<{ readonly one: ActiveQueues; readonly other: ActiveQueues }>,
): void {
  describe(`ActiveQueues: ${name}`, () => {
    let clock: FakeClock;
    let [one, other]: ActiveQueues[] = [];
    const process = (which: 'one' | 'other') => (which === 'one' ? one : other) as ActiveQueues;
    const markOf = async (queue: string): Promise<ActiveMark | undefined> =>
      (await process('other').list()).marks.get(queue);
    beforeEach(async () => {
      clock = new FakeClock();
      ({ one, other } = await open(clock));
    });

    it('lists what any process has marked, with the time', async () => {
      expect((await process('one').list()).marks).toEqual(new Map());
      const names = Array.from({ length: 120 }, (_, index) => `q${index}`);
      await process('one').mark(names);
      await process('other').mark(['Z-1_z', 'q7']);

      const { marks } = await process('other').list();
      expect([...marks.keys()].sort()).toEqual([...names, 'Z-1_z'].sort());
      for (const { at } of marks.values()) expect(at).toBe(clock.now());
    });

    it('changes a mark whenever another process marks the queue, and no other mark', async () => {
      await process('one').mark(['q', 'r']);
      const [q, r] = [await markOf('q'), await markOf('r')];
      await process('other').mark(['q']);

      expect((await markOf('q'))?.id).not.toBe(q?.id);
      expect(await markOf('r')).toEqual(r);
    });

    it('marks a queue that is touched, each process once in half a minute', async () => {
      await process('one').touch('q');
      const first = await markOf('q');
      expect(first).toBeDefined();
      clock.advance(29_999);
      await process('one').touch('q');
      expect(await markOf('q')).toEqual(first);
      await process('other').touch('q');
      const second = await markOf('q');
      expect(second?.id).not.toBe(first?.id);
      clock.advance(1);
      await process('one').touch('q');
      expect((await markOf('q'))?.id).not.toBe(second?.id);

      // A clock that goes back keeps nobody from it.
      const before = await markOf('q');
      clock.advance(-3_600_000);
      await process('one').touch('q');
      expect((await markOf('q'))?.id).not.toBe(before?.id);
    });

    it('marks a queue anew whose settings changed, if it is active', async () => {
      await process('one').mark(['q']);
      const before = await markOf('q');
      await process('one').renew('q');
      await process('one').renew('idle');

      expect((await markOf('q'))?.id).not.toBe(before?.id);
      expect(await markOf('idle')).toBeUndefined();
    });

    it('forgets a queue that stands as it was seen, and keeps one that was marked since', async () => {
      await process('one').mark(['q', 'r']);
      const { marks } = await process('one').list();
      await process('other').mark(['r']);
      for (const queue of ['q', 'r']) await process('one').forget(queue, marks.get(queue) as ActiveMark);
      await process('one').forget('q', marks.get('q') as ActiveMark);

      expect(await markOf('q')).toBeUndefined();
      expect(await markOf('r')).toBeDefined();
    });

    it('is complete for half an hour after somebody looked at every queue', async () => {
      const isComplete = async () => (await process('other').list()).isComplete;
      await process('one').mark(['q']);
      expect(await isComplete()).toBe(false);
      await process('one').completed();
      expect(await isComplete()).toBe(true);
      expect([...(await process('one').list()).marks.keys()]).toEqual(['q']);

      clock.advance(HALF_AN_HOUR_MS - 1);
      expect(await isComplete()).toBe(true);
      clock.advance(1);
      expect(await isComplete()).toBe(false);
    });
  });
}
