import { beforeEach, describe, expect, it } from '@jest/globals';
import { ballotsIn, marksOf, type ShardImage } from '../../src/domain/votes/tally.ts';
import type { ShardFeed, VoteLedger } from '../../src/ports/votes.ts';
import { eventually } from '../helpers/eventually.ts';
import { aBallot, aPoll } from '../helpers/votes.ts';

const poll = aPoll({ choices: ['RED', 'GREEN'], shards: 2 });

const handling = (changes: (images: readonly ShardImage[]) => Promise<void>) => ({
  changes,
  gap: async () => undefined,
});

/** @param make a new feed, and the ledger whose changes it carries */
export function describeShardFeed(name: string, make: () => Promise<{ feed: ShardFeed; ledger: VoteLedger }>): void {
  describe(`ShardFeed: ${name}`, () => {
    let feed: ShardFeed;
    let ledger: VoteLedger;
    const vote = (voteId: string) => ledger.record(poll, aBallot(voteId, { choices: [1], acceptedAt: 1_000 }));
    const total = (images: readonly ShardImage[]): number => ballotsIn(marksOf(images));
    beforeEach(async () => {
      ({ feed, ledger } = await make());
    });

    it('delivers the running totals of shards, those from before the start included', async () => {
      const seen: ShardImage[] = [];
      for (let index = 0; index < 5; index++) await vote(`before${index}`);
      feed.start(
        handling(async (images) => {
          seen.push(...images);
        }),
      );
      for (let index = 0; index < 5; index++) await vote(`after${index}`);

      await eventually(
        () => total(seen),
        (votes) => votes === 10,
      );
      await feed.stop();
      for (const image of seen)
        expect(image).toEqual({
          pollId: 'colors',
          region: ledger.region,
          shard: expect.any(Number),
          votes: [0, image.ballots],
          ballots: expect.any(Number),
          closed: 0,
          lastVoteAt: 1_000,
        });
    });

    it('tells of the closing of shards, those without a vote included', async () => {
      const seen: ShardImage[] = [];
      feed.start(
        handling(async (images) => {
          seen.push(...images);
        }),
      );
      await ledger.closeShards(poll);

      await eventually(
        () => seen.length,
        (count) => count === poll.shards,
      );
      await feed.stop();
      expect(seen.map(({ shard, closed, ballots }) => [shard, closed, ballots]).sort()).toEqual([
        [0, 2, 0],
        [1, 2, 0],
      ]);
    });

    it('delivers a batch again until its handler succeeds, and one batch at a time', async () => {
      const seen: ShardImage[] = [];
      let failures = 2;
      let running = 0;
      feed.start(
        handling(async (images) => {
          expect(++running).toBe(1);
          await new Promise(setImmediate);
          running--;
          if (failures-- > 0) throw new Error('the tally store is down');
          seen.push(...images);
        }),
      );
      for (let index = 0; index < 20; index++) await vote(`v${index}`);

      await eventually(
        () => total(seen),
        (votes) => votes === 20,
      );
      await feed.stop();
      expect(failures).toBeLessThan(0);
    });

    it('runs no handler after stop', async () => {
      let calls = 0;
      feed.start(
        handling(async () => {
          calls++;
        }),
      );
      await vote('v1');
      await eventually(
        () => calls,
        (count) => count > 0,
      );
      await feed.stop();
      const before = calls;
      await vote('v2');
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
      expect(calls).toBe(before);
    });
  });
}
