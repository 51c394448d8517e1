import { Problem } from './service.js';
import { delay, pauseMs } from './time.js';

/**
 * @template Answer
 * @typedef {object} Polling
 * @property {(signal: AbortSignal) => Promise<Answer>} ask
 * @property {number} intervalMs
 * @property {(answer: Answer) => void} onAnswer
 * @property {(problem: Problem) => void} onProblem it is asked again if the problem may pass, else not
 */

/**
 * Asks the service again and again while somebody sees the page.
 *
 * @template Answer
 */
export class Poller {
  #polling;
  #signal;
  /** Ends the present pause. */
  #resting = new AbortController();

  /**
   * @param {Polling<Answer>} polling
   * @param {AbortSignal} signal ends it
   */
  constructor(polling, signal) {
    this.#polling = polling;
    this.#signal = signal;
    document.addEventListener('visibilitychange', () => this.askNow(), { signal });
    signal.addEventListener('abort', () => this.askNow());
    void this.#run();
  }

  /** Asks at once, rather than when the interval is over. */
  askNow() {
    this.#resting.abort();
  }

  async #run() {
    for (let failures = 0; !this.#signal.aborted; ) {
      this.#resting = new AbortController();
      if (document.hidden) {
        await new Promise((resolve) => this.#resting.signal.addEventListener('abort', resolve));
        continue;
      }
      try {
        const answer = await this.#polling.ask(this.#signal);
        if (this.#signal.aborted) return;
        failures = 0;
        this.#polling.onAnswer(answer);
        await delay(this.#polling.intervalMs, this.#resting.signal);
      } catch (error) {
        if (this.#signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        this.#polling.onProblem(error);
        if (!error.isPassing) return;
        await delay(Math.max(pauseMs(failures++), error.retryAfterMs), this.#resting.signal);
      }
    }
  }
}
