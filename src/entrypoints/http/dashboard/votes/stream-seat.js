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
  #signal;

  /**
   * @param {() => void} onLost called when the seat has to be given up
   * @param {AbortSignal} signal ends it
   */
  constructor(onLost, signal) {
    this.#signal = signal;
    this.#channel?.addEventListener('message', ({ data: others }) => {
      if (this.#since === undefined) return;
      if (others > this.#since) this.#channel?.postMessage(this.#since);
      if (others < this.#since) {
        this.leave();
        onLost();
      }
    });
    signal.addEventListener('abort', () => {
      this.leave();
      this.#channel?.close();
    });
  }

  /** @returns {Promise<boolean>} whether this window has the seat, until it leaves or loses it */
  async take() {
    if (!this.#channel) return true;
    if (this.#signal.aborted) return false;
    // Two windows never want it since the same moment.
    this.#since = Date.now() + Math.random();
    this.#channel.postMessage(this.#since);
    await delay(ANSWER_MS, this.#signal);
    return this.#since !== undefined;
  }

  leave() {
    this.#since = undefined;
  }
}
