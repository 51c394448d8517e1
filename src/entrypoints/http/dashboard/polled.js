import { badge, badgeDetail } from './badge.js';
import { batch, html, nothing, signal } from './packages.js';
import { Poller } from './poller.js';
import { retriedNote } from './problem-note.js';
import { Problem } from './service.js';

/** @import { Content, Html } from './packages.js' */

/**
 * Something that is asked for again and again. While the service is away the last answer stays; a problem that does not
 * pass takes its place.
 *
 * @template Answer
 */
export class Polled {
  /** The last answer, if it still tells anything. */
  answer = signal(/** @type {Answer | undefined} */ (undefined));
  /** Why there is no newer one, if so. */
  problem = signal(/** @type {Problem | undefined} */ (undefined));
  #poller;

  /**
   * @param {(signal: AbortSignal) => Promise<Answer>} ask
   * @param {number} intervalMs
   * @param {AbortSignal} until ends it
   */
  constructor(ask, intervalMs, until) {
    this.intervalMs = intervalMs;
    this.#poller = new Poller(
      {
        ask,
        intervalMs,
        onAnswer: (answer) => this.take(answer),
        onProblem: (problem) =>
          batch(() => {
            this.problem.value = problem;
            if (!problem.isPassing) this.answer.value = undefined;
          }),
      },
      until,
    );
  }

  /** Asks at once, rather than when the interval is over. */
  askNow() {
    this.#poller.askNow();
  }

  /** @param {Answer} answer that was asked for, or came by another way */
  take(answer) {
    batch(() => {
      this.answer.value = answer;
      this.problem.value = undefined;
    });
  }
}

/**
 * @template Answer
 * @typedef {object} Card
 * @property {Content} facts what stands above the heading, beside the badge
 * @property {Html} heading
 * @property {(answer: Answer) => Content} body
 * @property {Content} [below] what stays below the body, whatever that shows
 * @property {string} absent what is said where the service has no such thing
 */

/**
 * A card that shows the answers, or says why there are none.
 *
 * @template Answer
 * @param {Polled<Answer>} polled
 * @param {Card<Answer>} card
 */
export function polledCard(polled, { facts, heading, body, below = nothing, absent }) {
  const answer = polled.answer.value;
  const problem = polled.problem.value;
  return html`
    <article class=${problem ? 'card is-lost' : 'card'}>
      <div class="meta">${facts}${badgeOf(polled.intervalMs, answer !== undefined, problem)}</div>
      ${heading}
      ${badgeDetail(answer === undefined ? undefined : problem)}
      <div class="stack" aria-busy=${answer === undefined && !problem}>
        ${
          answer !== undefined
            ? body(answer)
            : problem
              ? retriedNote(problem.isAbsence ? new Problem(absent, problem) : problem)
              : html`<p class="empty">Loading…</p>`
        }
      </div>
      ${below}
    </article>`;
}

/**
 * @param {number} intervalMs
 * @param {boolean} isKnown
 * @param {Problem} [problem]
 */
function badgeOf(intervalMs, isKnown, problem) {
  if (!problem)
    return isKnown ? badge('polling', `Polling every ${intervalMs / 1_000} s`) : badge('connecting', 'Connecting');
  // Where it was answered that nothing will come, nothing is asked any more.
  if (!problem.isPassing) return badge('lost', '');
  return badge('lost', problem.status === undefined ? 'Connection lost' : 'Not available');
}
