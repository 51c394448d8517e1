import { Badge } from '../badge.js';

/**
 * @import { Problem } from '../service.js'
 * @import { Results } from './polls.js'
 * @import { Connection } from './results-feed.js'
 */

/** From this delay on the figures are said to catch up. */
const CATCHING_UP_MS = 2_000;
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
  #isOpen = true;
  /** @type {number | null | undefined} */
  #revision;

  constructor() {
    this.element = this.#badge.element;
    this.detail = this.#badge.detail;
  }

  /** @param {Results} results */
  show({ revision, lagMs, status }) {
    // What is shown first may have moved long ago.
    if (this.#revision !== undefined && revision !== this.#revision) this.#movedAt = performance.now();
    this.#revision = revision;
    this.#lagMs = lagMs ?? 0;
    this.#isOpen = status === 'open';
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
    const movedLately = performance.now() - this.#movedAt < MOVED_LATELY_MS;
    if (isTrusted && this.#lagMs > CATCHING_UP_MS && movedLately) this.#badge.show('catching-up', 'Catching up');
    else this.#badge.show(this.#connection, isTrusted && !this.#isOpen ? 'Up to date' : WORDS[this.#connection]);
  }
}
