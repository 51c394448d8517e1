/**
 * Runs `work` on every item, at most `limit` at a time, and gives back the results in order. Once it fails on one, it
 * begins on no other, and rejects when none is under way any more.
 */
export async function concurrently<Item, Result>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  // A generator: an error in one of the loops over it ends the others.
  const queue = (function* () {
    yield* items.entries();
  })();
  const runner = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  const runs = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, runner));
  for (const run of runs) if (run.status === 'rejected') throw run.reason;
  return results;
}
