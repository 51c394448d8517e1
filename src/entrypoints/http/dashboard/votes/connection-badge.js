import { formatClock, formatInstant } from '../format.js';
import { Badge } from '../legacy/badge.js';
import { element, setText } from '../legacy/dom.js';

/**
 * @import { Problem } from '../service.js'
 * @import { Results } from './polls.js'
 * @import { Connection } from './results-feed.js'
 */

/** From this delay on the figures are said to catch up. */
const CATCHING_UP_MS = 2_000;
/** From this age on a time of day needs its date. */
const HALF_A_DAY_MS = 43_200_000;
/** A tally that has not moved for so long has caught up, or waits for votes: its last delay tells nothing any more. */
const MOVED_LATELY_MS = 15_000;

const WORDS = { connecting: 'Connecting', live: 'Live', polling: 'Polling every 2 s', lost: 'Connection lost' };

/** Says how far the figures of a poll can be trusted at this moment. */
export class ConnectionBadge {
  /** @type {Connection} */
  #connection = 'connecting';
  #badge = new Badge();
  #lagMs = 0;
  #movedAt = Number.NEGATIVE_INFINITY;
  /** What is said in place of the connection where no votes come. @type {string | undefined} */
  #rests;
  #isStale = false;
  /** @type {number | null | undefined} */
  #revision;

  constructor() {
    this.element = this.#badge.element;
    this.detail = this.#badge.detail;
    /** How far stale results are complete. The badge is read out when it changes, and this changes too often for that. */
    this.staleness = element('p', { class: 'staleness', hidden: true });
  }

  /** @param {Results} results */
  show({ revision, lagMs, status, stale = false, completeUpTo, final }) {
    // What is shown first may have moved long ago.
    if (this.#revision !== undefined && revision !== this.#revision) this.#movedAt = performance.now();
    this.#revision = revision;
    this.#lagMs = lagMs ?? 0;
    this.#rests = status === 'open' ? undefined : final === false && status === 'closed' ? 'Counting' : 'Up to date';
    this.#isStale = stale;
    this.staleness.hidden = !stale;
    if (stale && completeUpTo)
      setText(this.staleness, `Catching up: complete up to ${time(completeUpTo)}. Later votes may be missing.`);
    this.tick();
  }

  /**
   * @param {Connection} connection
   * @param {Problem} [problem] why it is lost
   */
  connection(connection, problem) {
    this.#connection = connection;
    this.#badge.explain(problem);
    this.tick();
  }

  /** Call once a second. */
  tick() {
    const isTrusted = this.#connection === 'live' || this.#connection === 'polling';
    const isLate = this.#lagMs > CATCHING_UP_MS && performance.now() - this.#movedAt < MOVED_LATELY_MS;
    if (isTrusted && (this.#isStale || isLate)) this.#badge.show('catching-up', 'Catching up');
    else this.#badge.show(this.#connection, (isTrusted && this.#rests) || WORDS[this.#connection]);
  }
}

/** @param {string} iso */
const time = (iso) => (Date.now() - Date.parse(iso) < HALF_A_DAY_MS ? formatClock(iso) : formatInstant(iso));
