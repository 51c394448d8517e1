import type { Clock } from '../../ports/system.ts';
import type { TallyStore } from '../../ports/votes.ts';
import { changeTally } from './change-tally.ts';
import { ballotsIn, mergeImages, type ShardImage, type Tally } from './tally.ts';

/** Brings images of shards, as a change stream carries them, into the tallies. */
export class FoldShards {
  constructor(
    private readonly tallies: TallyStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Folds images of any polls, in any order, seen before or not. One read and at most one write for each poll in them.
   * A poll whose tally cannot be written keeps no other from being folded.
   *
   * @returns the tallies in which votes were added
   * @throws DomainError `STORE_UNAVAILABLE`; folding the same images again is safe
   */
  async execute(images: readonly ShardImage[]): Promise<readonly Tally[]> {
    const byPoll = new Map<string, ShardImage[]>();
    for (const image of images) {
      const ofPoll = byPoll.get(image.pollId);
      if (ofPoll) ofPoll.push(image);
      else byPoll.set(image.pollId, [image]);
    }
    const folds = await Promise.allSettled(
      [...byPoll].map(([pollId, ofPoll]) =>
        changeTally(this.tallies, pollId, (tally) => mergeImages(tally, ofPoll, this.clock.now())),
      ),
    );
    return folds.flatMap((fold) => {
      if (fold.status === 'rejected') throw fold.reason;
      const { before, after } = fold.value;
      return ballotsIn(after.marks) > ballotsIn(before.marks) ? [after] : [];
    });
  }
}
