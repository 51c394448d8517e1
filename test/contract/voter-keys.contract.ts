import { beforeEach, describe, expect, it } from '@jest/globals';
import type { VoterKeys } from '../../src/ports/votes.ts';

/** @param make a new, empty store */
export function describeVoterKeys(name: string, make: () => Promise<VoterKeys>): void {
  describe(`VoterKeys: ${name}`, () => {
    let keys: VoterKeys;
    beforeEach(async () => {
      keys = await make();
    });

    it('stores the first fingerprint and gives it back to everybody', async () => {
      expect(await keys.putFirst('one')).toBe('one');
      expect(await keys.putFirst('two')).toBe('one');
      expect(await keys.putFirst('one')).toBe('one');
    });

    it('stores one of many that come at once', async () => {
      const stored = await Promise.all(Array.from({ length: 8 }, (_, index) => keys.putFirst(`key ${index}`)));

      expect(new Set(stored).size).toBe(1);
      expect(await keys.putFirst('late')).toBe(stored[0]);
    });

    it('replaces a fingerprint, and stores one where there is none', async () => {
      await keys.replace('one');
      expect(await keys.putFirst('other')).toBe('one');
      await keys.replace('two');
      await keys.replace('two');
      expect(await keys.putFirst('one')).toBe('two');
    });
  });
}
