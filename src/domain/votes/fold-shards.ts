import type { Clock } from '../../ports/system.ts';
import type { TallyStore } from '../../ports/votes.ts';
import { storeUnavailable } from '../shared/domain-error.ts';
import { emptyTally, mergeImages, type ShardImage, type Tally } from './tally.ts';

/** Each lost race means that another fold succeeded, so this many in a row are a sign of trouble, not of traffic. */
const MAX_ATTEMPTS = 20;

/** Brings images of shards into the tallies. Everything that feeds a tally goes through here. */
export class FoldShards {
  constructor(
    private readonly tallies: TallyStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Folds images of any polls, in any order, seen before or not. One read and at most one write for each poll in them.
   * A poll whose tally cannot be written keeps no other from being folded.
   *
   * @returns the tallies that the images changed
   * @throws DomainError `STORE_UNAVAILABLE`; folding the same images again is safe
   */
  async execute(images: readonly ShardImage[]): Promise<readonly Tally[]> {
    const byPoll = new Map<string, ShardImage[]>();
    for (const image of images) {
      const ofPoll = byPoll.get(image.pollId);
      if (ofPoll) ofPoll.push(image);
      else byPoll.set(image.pollId, [image]);
    }
    const folds = await Promise.allSettled([...byPoll].map(([pollId, ofPoll]) => this.fold(pollId, ofPoll)));
    return folds.flatMap((fold) => {
      if (fold.status === 'rejected') throw fold.reason;
      return fold.value.isChanged ? [fold.value.tally] : [];
    });
  }

  /** @returns the tally with the images in it */
  async foldPoll(pollId: string, images: readonly ShardImage[]): Promise<Tally> {
    return (await this.fold(pollId, images)).tally;
  }

  private async fold(pollId: string, images: readonly ShardImage[]): Promise<{ tally: Tally; isChanged: boolean }> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const tally = (await this.tallies.get(pollId)) ?? emptyTally(pollId);
      const merged = mergeImages(tally, images, this.clock.now());
      if (merged === tally) return { tally, isChanged: false };
      if (await this.tallies.put(merged, tally.revision)) return { tally: merged, isChanged: true };
    }
    throw storeUnavailable(new Error(`The tally of poll ${pollId} changed ${MAX_ATTEMPTS} times under a fold`));
  }
}
