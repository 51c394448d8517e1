import type { Random } from '../../ports/system.ts';

/** The farthest from the head that claimers go to get out of each other's way. */
const MAX_SPREAD = 256;
/** With each claim; since each lost race doubles the spread, about one claim in twenty-five is lost. */
const NARROWING = 0.97;

/**
 * Claimers that meet at the head of a queue part by chance: whoever loses races goes on at one of the first two tasks,
 * then four, eight …, and comes back to the head while it meets nobody. One that is alone always begins at the head.
 *
 *     A looks ─ 9, 8, 7 ─ claims 9
 *     B looks ─ 9, 8, 7 ─ claims 9 ─ refused ─ looks ─ 8, 7, 6 ─ claims 8 or 7
 *
 * Where there are fewer tasks than that, the choice may fall behind the last one. The claimer then hesitates: it leaves
 * them to the others and looks again, each time among half as many. A look costs less than a claim that is refused.
 */
export class Spreads {
  private readonly spreads = new Map<string, number>();

  /** Among how many tasks a claimer chooses where it begins. */
  of(queue: string): number {
    return Math.round(this.spreads.get(queue) ?? 1);
  }

  /**
   * @param hesitations how often the claimer has looked and not claimed
   * @returns where to begin; 0 is the head
   */
  choose(queue: string, random: Random, hesitations: number): number {
    const start = Math.floor((random.next() * this.of(queue)) / 2 ** hesitations);
    if (hesitations === 0) this.narrow(queue);
    return start;
  }

  /** Another claimer was faster. */
  widen(queue: string): void {
    this.spreads.set(queue, Math.min(MAX_SPREAD, this.of(queue) * 2));
  }

  private narrow(queue: string): void {
    const spread = (this.spreads.get(queue) ?? 1) * NARROWING;
    if (spread < 1.5) this.spreads.delete(queue);
    else this.spreads.set(queue, spread);
  }
}
