const WINDOW_SECONDS = 10;

/** Counts finished tasks by the second and tells how many there were per second lately. Times are epoch ms. */
export class Throughput {
  /** Tasks finished in each second of the window, oldest first. */
  private readonly seconds: { readonly second: number; count: number }[] = [];
  /** When the present run of finishes began, which may be inside the window. */
  private since = 0;
  private last: number | undefined;

  record(at: number): void {
    this.forget(at);
    if (this.seconds.length === 0) this.since = at;
    const second = Math.floor(at / 1000);
    const newest = this.seconds.at(-1);
    if (newest && newest.second >= second) newest.count++;
    else this.seconds.push({ second, count: 1 });
    this.last = at;
  }

  /**
   * @returns tasks per second over the last ten seconds. After a longer silence: one task in all that time, which is
   * the most that it can be. Undefined while nothing was ever finished
   */
  perSecond(at: number): number | undefined {
    if (this.last === undefined) return undefined;
    this.forget(at);
    if (this.seconds.length === 0) return 1000 / (at - this.last);
    const finished = this.seconds.reduce((sum, { count }) => sum + count, 0);
    const from = Math.max(this.since, firstSecond(at) * 1000);
    return finished / Math.max(1, (at - from) / 1000);
  }

  private forget(at: number): void {
    while ((this.seconds[0]?.second ?? Number.POSITIVE_INFINITY) < firstSecond(at)) this.seconds.shift();
  }
}

/** The first second of the window that ends with the present one. */
const firstSecond = (at: number): number => Math.floor(at / 1000) - WINDOW_SECONDS + 1;
