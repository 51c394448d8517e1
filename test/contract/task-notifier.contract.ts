import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TaskNotifier } from '../../src/ports/tasks.ts';

export interface OpenWakeUps {
  readonly notifier: TaskNotifier;
  /** How many signals were heard so far. */
  readonly heard: () => number;
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

    it('tell of queues as often as they are asked to', async () => {
      for (const queue of ['mail', 'A-1_b', 'x'.repeat(64), 'mail']) await opened.notifier.notify([queue]);

      expect(opened.heard()).toBe(4);
    });
  });
}
