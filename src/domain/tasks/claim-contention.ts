import type { Random } from '../../ports/system.ts';

/** The most tasks over which contending claimers spread. */
const MAX_SPREAD = 256;
/** With each claim; since each lost race doubles the spread, about one claim in twenty-five is lost. */
const DECAY = 0.97;

/**
 * Keeps claimers of one queue from racing for the same task: each starts at a random offset within a spread that doubles
 * with each lost race and decays by 3 % per claim. A claimer without competition always starts at the head.
 *
 *     A queries ─ 9, 8, 7 ─ claims 9
 *     B queries ─ 9, 8, 7 ─ claims 9 ─ refused ─ queries ─ 8, 7, 6 ─ claims 8 or 7
 *
 * Where there are fewer tasks than the spread, the offset may lie behind the last one. Such an empty pick claims nothing
 * and queries again, with half the spread each time: a query costs less than a refused claim.
 */
export class ClaimContention {
  private readonly spreads = new Map<string, number>();

  /** The number of tasks among which a claimer chooses its start. */
  spread(queue: string): number {
    return Math.round(this.spreads.get(queue) ?? 1);
  }

  /**
   * @param emptyPicks how many queries in a row have led to no claim
   * @returns the offset of the first task to claim; 0 is the head
   */
  chooseStart(queue: string, random: Random, emptyPicks: number): number {
    const start = Math.floor((random.next() * this.spread(queue)) / 2 ** emptyPicks);
    if (emptyPicks === 0) this.decay(queue);
    return start;
  }

  /** Records a lost race. */
  recordLostRace(queue: string): void {
    this.spreads.set(queue, Math.min(MAX_SPREAD, this.spread(queue) * 2));
  }

  private decay(queue: string): void {
    const spread = (this.spreads.get(queue) ?? 1) * DECAY;
    if (spread < 1.5) this.spreads.delete(queue);
    else this.spreads.set(queue, spread);
  }
}
