const HISTORY = 60;
/** A whole number of polling intervals, so that polled results give a steady figure. */
const AVERAGED = 6;

/** Votes per second, from totals as they become known. Call {@link tick} once a second. */
export class RateMeter {
  /** Votes per second of each tick, the newest last. */
  #rates = /** @type {number[]} */ ([]);
  #total = 0;
  /** @type {{ total: number, at: number } | undefined} */
  #measured;

  /** @param {number} total votes so far */
  know(total) {
    // A total that falls is another count: a service that starts anew, or a recount. Its difference is not votes.
    if (this.#measured === undefined || total < this.#total) this.#measured = { total, at: Number.NaN };
    this.#total = total;
  }

  /** What becomes known next happened at an unknown time and tells no rate. */
  forget() {
    this.#measured = undefined;
  }

  /** @param {number} now ms on any clock that only rises */
  tick(now) {
    if (this.#measured === undefined) return;
    const { total, at } = this.#measured;
    const seconds = Number.isNaN(at) ? 1 : Math.max(0.001, (now - at) / 1_000);
    this.#rates = [...this.#rates, (this.#total - total) / seconds].slice(-HISTORY);
    this.#measured = { total: this.#total, at: now };
  }

  /** The average of the last seconds, in votes per second; undefined while nothing is known. */
  get perSecond() {
    if (this.#measured === undefined || this.#rates.length === 0) return undefined;
    const recent = this.#rates.slice(-AVERAGED);
    return recent.reduce((sum, rate) => sum + rate, 0) / recent.length;
  }

  /** Votes per second in each of the last 60 seconds that are known, the newest last. */
  get history() {
    return this.#rates;
  }
}
