import { formatShare, formatVotes } from '../format.js';
import { element, isolated } from '../legacy/dom.js';
import { shownShares } from './shares.js';

/** @import { Results } from './polls.js' */

/** Figures that change are read out at most this often, or nobody could listen to anything else. */
const INTERVAL_MS = 20_000;
const CHOICES_NAMED = 3;

/** Tells people who do not see the page what happens on it. */
export class Announcer {
  #figures = element('p', { 'aria-live': 'polite' });
  #events = element('p', { role: 'status' });
  /** @type {Results | undefined} */
  #results;
  /** @type {number | null | undefined} */
  #saidTotal;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor() {
    this.element = element('div', { class: 'unseen' }, this.#figures, this.#events);
  }

  /** @param {...(Node | string)} words something that the viewer brought about */
  say(...words) {
    this.#events.replaceChildren(...words);
  }

  /** @param {Results} results */
  show(results) {
    // The first figures are read with the page.
    if (this.#results === undefined) {
      this.#saidTotal = results.total;
      this.#saidAt = performance.now();
    }
    this.#results = results;
  }

  /** Call once a second. */
  tick() {
    const results = this.#results;
    if (!results) return;
    const { total, choices } = results;
    if (total === null || total === this.#saidTotal) return;
    if (performance.now() - this.#saidAt < INTERVAL_MS) return;
    this.#saidTotal = total;
    this.#saidAt = performance.now();
    const shares = shownShares(results);
    const leading = choices
      .map(({ choice, votes }, index) => ({ choice, votes: votes ?? 0, share: shares[index] ?? 0 }))
      .sort((one, other) => other.votes - one.votes)
      .slice(0, CHOICES_NAMED);
    const parts = leading.flatMap(({ choice, share }) => [' ', isolated(choice), ` ${formatShare(share)}.`]);
    this.#figures.replaceChildren(`${formatVotes(total)}.`, ...parts);
  }
}
