import { delay } from '../time.js';

/** Within this time a window that holds the seat says so. */
const ANSWER_MS = 150;

/**
 * The right to hold an event stream, which one window of a browser has at a time. A browser opens six connections to a
 * host over HTTP/1.1, over all its windows: eight that each held a stream would leave none to load a page or to vote.
 *
 * Whoever wants the seat says on a channel since when; whoever has wanted it for longer answers, and the other gives way:
 *
 *     new window      ── 17:00:09 ──→  holder since 17:00:02
 *     gives way, asks ←── 17:00:02 ──
 *
 * An answer that comes late is obeyed all the same. Where there are no channels (Safari before 15.4) every window has a seat.
 */
export class StreamSeat {
  #channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel('portside-event-stream') : undefined;
  /** @type {number | undefined} */
  #since;

  /**
   * @param {() => void} onLost called when the seat has to be given up
   * @param {AbortSignal} until ends it
   */
  constructor(onLost, until) {
    this.#channel?.addEventListener('message', ({ data: others }) => {
      if (this.#since === undefined) return;
      if (others > this.#since) this.#channel?.postMessage(this.#since);
      if (others < this.#since) {
        this.leave();
        onLost();
      }
    });
    until.addEventListener('abort', () => this.#channel?.close());
  }

  /**
   * @param {AbortSignal} signal ends the attempt
   * @returns {Promise<boolean>} whether this window has the seat, until it leaves or loses it
   */
  async take(signal) {
    // Two windows never want it since the same moment.
    this.#since = Date.now() + Math.random();
    this.#channel?.postMessage(this.#since);
    if (this.#channel) await delay(ANSWER_MS, signal);
    if (signal.aborted) this.leave();
    return this.#since !== undefined;
  }

  leave() {
    this.#since = undefined;
  }
}
