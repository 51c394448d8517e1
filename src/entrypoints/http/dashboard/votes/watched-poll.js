import { batch, computed, signal } from '../packages.js';
import { ResultsFeed } from './results-feed.js';

/**
 * @import { Problem } from '../service.js'
 * @import { Poll, Results } from './polls.js'
 */

/** A poll and its results, which are followed while somebody sees the page. Times are by `performance.now()`. */
export class WatchedPoll {
  poll = signal(/** @type {Poll | undefined} */ (undefined));
  results = signal(/** @type {Results | undefined} */ (undefined));
  /** When the tally was read that the results tell of, and when that was known here. */
  asOf = signal({ iso: '', at: 0 });
  /** When the tally last changed while it was watched. */
  movedAt = signal(Number.NEGATIVE_INFINITY);
  /** How the results come, unless there is a problem. */
  connection = signal(/** @type {'connecting' | 'live' | 'polling'} */ ('connecting'));
  /** Why the results cannot be had, if so. */
  problem = signal(/** @type {Problem | undefined} */ (undefined));
  status = computed(() => this.results.value?.status ?? this.poll.value?.status);
  /** Whether what is shown is of now. */
  isTrusted = computed(() => !this.problem.value && this.connection.value !== 'connecting');
  #following = new AbortController();

  /**
   * @param {string} pollId
   * @param {AbortSignal} until ends it
   */
  constructor(pollId, until) {
    this.pollId = pollId;
    // A page that nobody sees holds no connection: browsers allow few to one host, over all their tabs.
    document.addEventListener('visibilitychange', () => this.follow(), { signal: until });
    until.addEventListener('abort', () => this.#following.abort());
    this.follow();
  }

  /** Begins to follow it anew, with what the service knows now. */
  follow() {
    this.#following.abort();
    this.#following = new AbortController();
    if (document.hidden) this.connection.value = 'connecting';
    else void new ResultsFeed(this, this.#following.signal).run();
  }

  /**
   * @param {Results} results
   * @param {string} [iso] when the tally was read
   */
  know(results, iso = results.asOf) {
    const before = this.results.peek();
    batch(() => {
      if (before && before.revision !== results.revision) this.movedAt.value = performance.now();
      this.results.value = results;
      this.asOf.value = { iso, at: performance.now() };
      this.problem.value = undefined;
    });
  }

  /** @param {Problem} problem */
  lose(problem) {
    batch(() => {
      this.problem.value = problem;
      this.connection.value = 'connecting';
    });
  }
}
