import { Poller } from '../poller.js';
import { Problem } from '../service.js';
import { Badge } from './badge.js';
import { element } from './dom.js';
import { retriedNote } from './problem-note.js';

/**
 * @template Answer
 * @typedef {object} Card
 * @property {Node} facts what stands above the heading, beside the badge
 * @property {HTMLElement} heading
 * @property {readonly Node[]} [below] what stays below the body, whatever that shows
 * @property {(signal: AbortSignal) => Promise<Answer>} ask
 * @property {number} intervalMs
 * @property {string} absent what is said where the service has no such thing
 * @property {(answer: Answer, isEmpty: boolean) => void} onAnswer shows the answer; where the body is empty it has to be filled
 * @property {() => void} [onEmptied] called when a problem has taken the place of what was shown
 */

/**
 * A card whose contents are asked for again and again. While the service is away it keeps what it shows, and says so; a
 * problem that does not pass takes the place of all that.
 *
 * @template Answer
 */
export class PolledCard {
  body = element('div', { class: 'stack', 'aria-busy': true }, element('p', { class: 'empty' }, 'Loading…'));
  #card;
  #badge = new Badge();
  #isEmpty = true;
  #poller;

  /**
   * @param {Card<Answer>} card
   * @param {AbortSignal} signal ends it
   */
  constructor(card, signal) {
    this.#card = card;
    this.element = element(
      'article',
      { class: 'card' },
      element('div', { class: 'meta' }, card.facts, this.#badge.element),
      card.heading,
      this.#badge.detail,
      this.body,
      ...(card.below ?? []),
    );
    const { ask, intervalMs } = card;
    this.#poller = new Poller(
      {
        ask,
        intervalMs,
        onAnswer: (answer) => this.show(answer),
        onProblem: (problem) => this.#fail(problem),
      },
      signal,
    );
  }

  /** Asks at once, rather than when the interval is over. */
  askNow() {
    this.#poller.askNow();
  }

  /** @param {Answer} answer that was asked for, or came by another way */
  show(answer) {
    const wasEmpty = this.#isEmpty;
    this.#isEmpty = false;
    this.body.removeAttribute('aria-busy');
    this.element.classList.remove('is-lost');
    this.#badge.show('polling', `Polling every ${this.#card.intervalMs / 1_000} s`);
    this.#badge.explain();
    this.#card.onAnswer(answer, wasEmpty);
  }

  /** @param {Problem} problem */
  #fail(problem) {
    this.body.removeAttribute('aria-busy');
    this.element.classList.add('is-lost');
    if (problem.isPassing) this.#badge.show('lost', problem.status === undefined ? 'Connection lost' : 'Not available');
    // It was answered, and nothing is asked any more.
    else this.#badge.hide();
    if (!this.#isEmpty && problem.isPassing) return this.#badge.explain(problem);
    this.#isEmpty = true;
    this.#badge.explain();
    const said = problem.isAbsence ? new Problem(this.#card.absent, problem) : problem;
    // One that is there already would be read out again.
    if (this.body.querySelector('[role=alert]')?.textContent?.startsWith(said.message)) return;
    this.body.replaceChildren(retriedNote(said));
    this.#card.onEmptied?.();
  }
}
