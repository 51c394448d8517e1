import { element, setText } from '../dom.js';
import { formatCount, formatDuration, formatRate } from '../format.js';
import { honest } from './tasks.js';

/** @import { Queue } from './tasks.js' */

/**
 * What is shown of a queue: a name, the figure of the service that says whether it is exact, and the words.
 *
 * @typedef {readonly [name: string, source: keyof Queue, words: (queue: Queue) => string, note?: string]} Shown
 */

const NONE = '–';

/** @param {number | null} ms */
const age = (ms) => (ms === null ? NONE : formatDuration(ms));

/** @type {readonly Shown[]} */
const FIGURES = [
  ['Pending', 'pending', ({ pending }) => formatCount(pending)],
  ['Taken', 'taken', ({ taken }) => formatCount(taken), 'being worked on'],
  ['Oldest', 'oldestPendingAgeMs', (queue) => age(queue.oldestPendingAgeMs), 'has waited so long'],
  ['Newest', 'newestPendingAgeMs', (queue) => age(queue.newestPendingAgeMs), 'has waited so long'],
  ['Per second', 'throughputPerSecond', (queue) => formatRate(queue.throughputPerSecond), 'finished lately'],
  ['Dead letters', 'deadLetters', ({ deadLetters }) => formatCount(deadLetters), 'failed for good'],
  ['Shed', 'counters', ({ counters }) => formatCount(counters.shed), 'too late to be run'],
  ['Refused', 'counters', ({ counters }) => formatCount(counters.refused), 'the queue was full'],
];

/** @type {readonly Shown[]} */
const COUNTERS = [
  ['Enqueued', 'counters', ({ counters }) => formatCount(counters.enqueued)],
  ['Succeeded', 'counters', ({ counters }) => formatCount(counters.succeeded)],
  ['Failed', 'counters', ({ counters }) => formatCount(counters.failed)],
  ['Redriven', 'counters', ({ counters }) => formatCount(counters.redriven)],
];

/** What a queue holds and what it has done. Figures that are not exact say so. */
export class QueueFigures {
  #values = new Map([...FIGURES, ...COUNTERS].map((shown) => [shown, element('dd', { class: 'figure-value' })]));
  #note = element('p', { class: 'hint', hidden: true }, '≈ is not exact: processes add up their counts once a second.');

  constructor() {
    this.figures = element(
      'dl',
      { class: 'figures is-queue' },
      ...FIGURES.map((shown) => {
        const [name, , , note] = shown;
        return element(
          'div',
          { class: name === 'Pending' ? 'figure is-total' : 'figure' },
          element('dt', {}, name),
          this.#value(shown),
          ...(note ? [element('dd', { class: 'figure-note' }, note)] : []),
        );
      }),
    );
    this.counters = element(
      'section',
      { 'aria-labelledby': 'counters-title' },
      element('h3', { id: 'counters-title' }, 'Since the queue began'),
      element(
        'dl',
        { class: 'counts' },
        ...COUNTERS.map((shown) => element('div', {}, element('dt', {}, shown[0]), this.#value(shown))),
      ),
      this.#note,
    );
  }

  /** @param {Queue} queue */
  show(queue) {
    for (const [[, source, words], value] of this.#values) {
      const said = words(queue);
      setText(value, said === NONE ? NONE : honest(queue, source, said));
    }
    this.#note.hidden = (queue.approximate ?? []).length === 0;
  }

  /** @param {Shown} shown */
  #value(shown) {
    return /** @type {HTMLElement} */ (this.#values.get(shown));
  }
}
