import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { WakeUps } from '../../src/ports/tasks.ts';

export interface OpenWakeUps {
  readonly wakeUps: WakeUps;
  /** The queues that were heard of so far, in their order. */
  readonly heard: () => readonly string[];
  close?(): Promise<void>;
}

/** @param open gives what a listener of its own hears alone */
export function describeWakeUps(name: string, open: () => Promise<OpenWakeUps>): void {
  describe(`WakeUps: ${name}`, () => {
    let opened: OpenWakeUps;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close?.());

    it('tell of each queue, by its name, as often as they are asked to', async () => {
      const queues = ['mail', 'A-1_b', 'x'.repeat(64), 'mail'];
      for (const queue of queues) await opened.wakeUps.notify(queue);

      expect(opened.heard()).toEqual(queues);
    });
  });
}
