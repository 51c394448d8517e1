import { describe, expect, it } from '@jest/globals';
import { concurrently } from '../../../src/domain/shared/concurrently.ts';

/** Work on each item that ends when the test says so. */
function work() {
  const underWay = new Map<number, { resolve: (result: string) => void; reject: (error: Error) => void }>();
  const begun: number[] = [];
  return {
    begun,
    on: (item: number) => {
      begun.push(item);
      return new Promise<string>((resolve, reject) => underWay.set(item, { resolve, reject }));
    },
    end: async (item: number, error?: Error) => {
      const ending = underWay.get(item);
      if (error) ending?.reject(error);
      else ending?.resolve(`result ${item}`);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('work on many items', () => {
  it('is under way on so many at a time as it may be, and its results are in order', async () => {
    const { begun, on, end } = work();
    const results = concurrently(2, [0, 1, 2, 3], on);

    expect(begun).toEqual([0, 1]);
    await end(1);
    expect(begun).toEqual([0, 1, 2]);
    await end(2);
    await end(3);
    await end(0);
    expect(await results).toEqual(['result 0', 'result 1', 'result 2', 'result 3']);
  });

  it('begins on no other item once it fails, and ends when none is under way', async () => {
    const { begun, on, end } = work();
    let isOver = false;
    const failure = concurrently(3, [0, 1, 2, 3, 4, 5], on)
      .catch((error) => error)
      .finally(() => {
        isOver = true;
      });

    await end(1, new Error('the store is away'));
    await end(0);
    expect(isOver).toBe(false);
    await end(2);
    expect(isOver).toBe(true);
    expect(begun).toEqual([0, 1, 2]);
    expect(await failure).toEqual(new Error('the store is away'));
  });
});
