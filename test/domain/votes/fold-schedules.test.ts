import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryTallyStore } from '../../../src/adapters/memory/tally-store.ts';
import { FoldShards } from '../../../src/domain/votes/fold-shards.ts';
import { ballotsIn, type ShardImage, type Tally, totalsOf } from '../../../src/domain/votes/tally.ts';
import type { TallyStore } from '../../../src/ports/votes.ts';
import { FakeClock } from '../../helpers/fakes.ts';

const CHOICES = 3;

/** Votes land on (choice, region, shard); the stream of a store carries each shard's running total after each vote. */
const votes = fc.array(
  fc.record({ choice: fc.nat(CHOICES - 1), region: fc.constantFrom('eu', 'us'), shard: fc.nat(2) }),
  { minLength: 1, maxLength: 30 },
);

function streamOf(cast: readonly { choice: number; region: string; shard: number }[]): ShardImage[] {
  const totals = new Map<string, number[]>();
  return cast.map(({ choice, region, shard }, index) => {
    const key = JSON.stringify([region, shard]);
    const before = totals.get(key) ?? [0, 0, 0];
    const votes = before.with(choice, (before[choice] as number) + 1);
    totals.set(key, votes);
    const ballots = votes.reduce((sum, count) => sum + count, 0);
    return { pollId: 'colors', region, shard, votes, ballots, closed: 0, lastVoteAt: index };
  });
}

/** One delivery: some stretch of the stream, forwards or backwards, which may crash before its write. */
const delivery = fc.record({
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(12),
  reversed: fc.boolean(),
  crash: fc.boolean(),
});

class Crash extends Error {}

/** Shows every stored tally to `seen`, and dies between read and write when told so. */
class WatchedStore implements TallyStore {
  private readonly store = new MemoryTallyStore();

  constructor(
    private readonly turn: () => Promise<void>,
    private readonly seen: (tally: Tally) => void,
  ) {}

  crashing(): TallyStore {
    return {
      get: (pollId) => this.get(pollId),
      put: async () => {
        throw new Crash();
      },
    };
  }

  async get(pollId: string): Promise<Tally | undefined> {
    await this.turn();
    return this.store.get(pollId);
  }

  async put(tally: Tally): Promise<boolean> {
    await this.turn();
    const stored = await this.store.put(tally);
    if (stored) this.seen(tally);
    return stored;
  }
}

describe('folding under duplicates, reordering, replays, crashes and parallel folds', () => {
  it('ends at the truth and never shows less than before, in 3,000 random schedules', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), votes, fc.array(delivery, { maxLength: 8 }), async (s, cast, deliveries) => {
        const stream = streamOf(cast);
        const shown: Tally[] = [];
        const store = new WatchedStore(
          () => s.schedule(Promise.resolve()),
          (tally) => shown.push(tally),
        );
        const clock = new FakeClock();
        const fold = new FoldShards(store, clock);
        const crashingFold = new FoldShards(store.crashing(), clock);

        const runs = deliveries.map(async ({ from, length, reversed, crash }) => {
          const start = Math.floor(from * stream.length);
          const batch = stream.slice(start, start + length);
          await (crash ? crashingFold : fold).execute(reversed ? batch.toReversed() : batch).catch((error) => {
            if (!(error instanceof Crash)) throw error;
          });
        });
        // A restart from the beginning of the stream, in parallel with all of the above.
        await s.waitFor(Promise.all([...runs, fold.execute(stream)]));

        const tally = await s.waitFor(store.get('colors'));
        const truth = cast.reduce((counts, { choice }) => counts.with(choice, (counts[choice] ?? 0) + 1), [0, 0, 0]);
        expect(totalsOf(tally?.marks ?? new Map(), CHOICES).votes).toEqual(truth);
        for (const [index, now] of shown.entries()) {
          const before = shown[index - 1];
          expect(now.revision).toBe((before?.revision ?? 0) + 1);
          expect(ballotsIn(now.marks)).toBeGreaterThanOrEqual(before ? ballotsIn(before.marks) : 0);
        }
      }),
      { numRuns: 3_000 },
    );
  }, 120_000);
});
