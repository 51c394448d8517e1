import { formatCount, formatDuration, formatRate } from '../format.js';
import { element, setFigure, setText } from '../legacy/dom.js';
import { approx } from './tasks.js';

/** @import { Queue } from './tasks.js' */

/**
 * What is shown of a queue: a name, the figure of the service that says whether it is exact, the words, and what is said
 * below them.
 *
 * @typedef {readonly [
 *   name: string,
 *   source: keyof Queue,
 *   words: (queue: Queue) => string,
 *   note?: (queue: Queue) => string,
 * ]} Shown
 */

const NONE = '–';

/** @param {number | null} ms */
const age = (ms) => (ms === null ? NONE : formatDuration(ms));

/** @param {Queue} queue */
const pendingNote = (queue) =>
  queue.delayed > 0 ? approx(queue, 'delayed', `${formatCount(queue.delayed)} not due yet`) : '';

/**
 * Whether the task that has been due for longest is one that was taken: nobody works on it, its lease ran out.
 *
 * @param {Queue} queue
 */
function isAWorkerGone({ pending, delayed, oldestDueAgeMs, oldestPendingAgeMs, approximate = [] }) {
  const figures = ['pending', 'delayed', 'oldestDueAgeMs', 'oldestPendingAgeMs'];
  if (oldestDueAgeMs === null || figures.some((figure) => approximate.includes(figure))) return false;
  return pending === delayed || oldestDueAgeMs > (oldestPendingAgeMs ?? 0);
}

/** @param {Queue} queue */
const takenNote = (queue) => (isAWorkerGone(queue) ? 'a worker is gone' : 'claimed by workers');

/** @type {readonly Shown[]} */
const FIGURES = [
  ['Pending', 'pending', ({ pending }) => formatCount(pending), pendingNote],
  ['Taken', 'taken', ({ taken }) => formatCount(taken), takenNote],
  [
    'Longest due',
    'oldestDueAgeMs',
    (queue) => age(queue.oldestDueAgeMs),
    (queue) => (queue.oldestDueAgeMs === null ? 'nothing is due' : 'and not claimed'),
  ],
  [
    'Newest',
    'newestPendingAgeMs',
    (queue) => age(queue.newestPendingAgeMs),
    (queue) => (queue.newestPendingAgeMs === null ? 'nothing is pending' : 'since it was enqueued'),
  ],
  ['Per second', 'throughputPerSecond', (queue) => formatRate(queue.throughputPerSecond), () => 'finished lately'],
  ['Dead letters', 'deadLetters', ({ deadLetters }) => formatCount(deadLetters), () => 'failed for good'],
  ['Shed', 'counters', ({ counters }) => formatCount(counters.shed), () => 'too late to be run'],
  ['Refused', 'counters', ({ counters }) => formatCount(counters.refused), () => 'the queue was full'],
];

/** @type {readonly Shown[]} */
const COUNTERS = [
  ['Enqueued', 'counters', ({ counters }) => formatCount(counters.enqueued)],
  ['Succeeded', 'counters', ({ counters }) => formatCount(counters.succeeded)],
  ['Failed', 'counters', ({ counters }) => formatCount(counters.failed)],
  ['Redriven', 'counters', ({ counters }) => formatCount(counters.redriven)],
];

const ORPHANS =
  'A worker is gone: the lease of a task that it had taken ran out, and nobody has claimed the task again. See “Taken” below.';

/** What a queue holds and what it has done. Figures that are not exact say so. */
export class QueueFigures {
  #values = new Map([...FIGURES, ...COUNTERS].map((shown) => [shown, element('dd', { class: 'figure-value' })]));
  #notes = new Map(FIGURES.map((shown) => [shown, element('dd', { class: 'figure-note' })]));
  orphans = element('p', { class: 'staleness', hidden: true }, ORPHANS);
  #note = element('p', { class: 'hint', hidden: true }, '≈ is not exact: processes add up their counts once a second.');

  constructor() {
    this.figures = element(
      'dl',
      { class: 'figures is-queue' },
      ...FIGURES.map((shown) => {
        const [name] = shown;
        return element(
          'div',
          { class: name === 'Pending' ? 'figure is-total' : 'figure' },
          element('dt', {}, name),
          this.#value(shown),
          /** @type {HTMLElement} */ (this.#notes.get(shown)),
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
      setFigure(value, said === NONE ? NONE : approx(queue, source, said));
    }
    for (const [[, , , words], note] of this.#notes) setText(note, words?.(queue) ?? '');
    this.orphans.hidden = !isAWorkerGone(queue);
    this.#note.hidden = (queue.approximate ?? []).length === 0;
  }

  /** @param {Shown} shown */
  #value(shown) {
    return /** @type {HTMLElement} */ (this.#values.get(shown));
  }
}
