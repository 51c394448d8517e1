import type { Random } from '../../ports/system.ts';

/** The farthest from the head that claimers go to get out of each other's way. */
const MAX_SPREAD = 256;
/** With each choice; since each lost race doubles the spread, about one claim in twenty-five is lost. */
const NARROWING = 0.97;

/**
 * Claimers that meet at the head of a queue part by chance: whoever loses races goes on at one of the first two tasks,
 * then four, eight …, and comes back to the head while it meets nobody. One that is alone always begins at the head.
 *
 *     A looks ─ 9, 8, 7 ─ claims 9
 *     B looks ─ 9, 8, 7 ─ claims 9 ─ refused ─ looks ─ 8, 7, 6 ─ claims 8 or 7
 *
 * Where there are fewer tasks than that, the choice may fall behind the last one. The claimer then leaves them to the
 * others and looks again: a look costs less than a claim that is refused.
 */
export class Spreads {
  private readonly spreads = new Map<string, number>();

  /** Among how many tasks a claimer chooses where it begins. */
  of(queue: string): number {
    return Math.round(this.spreads.get(queue) ?? 1);
  }

  /** @returns where to begin; 0 is the head */
  choose(queue: string, random: Random): number {
    const spread = (this.spreads.get(queue) ?? 1) * NARROWING;
    const start = Math.floor(random.next() * this.of(queue));
    if (spread < 1.5) this.spreads.delete(queue);
    else this.spreads.set(queue, spread);
    return start;
  }

  /** Another claimer was faster. */
  widen(queue: string): void {
    this.spreads.set(queue, Math.min(MAX_SPREAD, this.of(queue) * 2));
  }
}
