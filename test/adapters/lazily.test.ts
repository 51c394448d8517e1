import { describe, expect, it } from '@jest/globals';
import { lazily } from '../../src/adapters/common/lazily.ts';

describe('what is made lazily', () => {
  it('is made once, and again where it could not be made', async () => {
    let calls = 0;
    const made = lazily(async () => {
      calls++;
      if (calls === 1) throw new Error('EMFILE: too many open files');
      return { number: calls };
    });
    expect(calls).toBe(0);

    const failed = [made(), made()];
    for (const failure of failed) await expect(failure).rejects.toThrow('EMFILE');
    expect(await Promise.all([made(), made()])).toEqual([{ number: 2 }, { number: 2 }]);
    expect(calls).toBe(2);
  });
});
