import { formatCount, formatDuration } from '../format.js';
import { Action } from '../legacy/action.js';
import { element, isolated, setText } from '../legacy/dom.js';
import { PolledCard } from '../legacy/polled-card.js';
import { DepthChart } from './depth-chart.js';
import { QueueFigures } from './queue-figures.js';
import { TaskList } from './task-list.js';
import { readQueue, redriveQueue } from './tasks.js';

/**
 * @import { SideList } from '../legacy/side-list.js'
 * @import { DepthHistory } from './depth-history.js'
 * @import { Queue } from './tasks.js'
 */

const INTERVAL_MS = 2_000;
const REDRIVEN_AT_ONCE = 1_000;
const ORDERS = { lifo: 'newest first', fifo: 'oldest first' };

/** One queue: what it holds, how that changed, what it has done, and its tasks. */
export class QueueView {
  #queue;
  #depths;
  #list;
  #heading;
  #facts = element('p');
  #figures = new QueueFigures();
  #chart = new DepthChart();
  #tasks;
  #redrive = element('button', { type: 'button', click: () => this.#redriveAll() }, 'Redrive the dead letters…');
  #action = new Action();
  #deadLetters = 0;
  #card;

  /**
   * @param {string} queue
   * @param {DepthHistory} depths to which its depth is added
   * @param {SideList<Queue>} list which shows what the queue holds, too
   * @param {AbortSignal} signal ends the view
   */
  constructor(queue, depths, list, signal) {
    this.#queue = queue;
    this.#depths = depths;
    this.#list = list;
    this.#heading = element('h2', { class: 'headline', tabindex: -1 }, isolated(queue));
    this.#tasks = new TaskList(queue, signal);
    document.title = `${queue} – Portside`;
    this.#card = new PolledCard(
      {
        facts: this.#facts,
        heading: this.#heading,
        ask: (signal) => readQueue(queue, signal),
        intervalMs: INTERVAL_MS,
        absent: 'There is no such queue. A queue begins with its first task.',
        onAnswer: (answer, isEmpty) => this.#show(answer, isEmpty),
      },
      signal,
    );
    this.element = this.#card.element;
  }

  /** Moves the focus to the name of the queue, for somebody who chose it. */
  focus() {
    this.#heading.focus();
  }

  /**
   * @param {Queue} queue
   * @param {boolean} isEmpty
   */
  #show(queue, isEmpty) {
    if (isEmpty)
      this.#card.body.replaceChildren(
        this.#figures.figures,
        this.#figures.orphans,
        this.#chart.element,
        this.#figures.counters,
        element('div', { class: 'outcome' }, this.#redrive, ...this.#action.outcome),
        this.#tasks.element,
      );
    this.#depths.record(queue);
    this.#list.know(queue);
    setText(this.#facts, factsOf(queue));
    this.#figures.show(queue);
    this.#chart.show(this.#depths.of(this.#queue));
    this.#deadLetters = queue.deadLetters;
    this.#redrive.hidden = queue.deadLetters === 0;
  }

  #redriveAll() {
    const count = Math.min(this.#deadLetters, REDRIVEN_AT_ONCE);
    void this.#action.run({
      confirm: {
        title: `Redrive ${formatCount(count)} dead ${count === 1 ? 'letter' : 'letters'}?`,
        text: 'They are pending again in their old places, with all their attempts and a new deadline.',
        action: 'Redrive',
        cancelLabel: 'Leave them',
      },
      meanwhile: 'Redriving…',
      act: () => redriveQueue(this.#queue),
      report: (redriven) => {
        this.#card.askNow();
        void this.#tasks.refresh();
        const isAll = redriven < REDRIVEN_AT_ONCE;
        return `${formatCount(redriven)} ${redriven === 1 ? 'task is' : 'tasks are'} pending again.${isAll ? '' : ' There may be more.'}`;
      },
    });
  }
}

/** @param {Queue} queue */
function factsOf({ order, effectiveOrder, deadlineSeconds, runner }) {
  const now = ORDERS[/** @type {keyof typeof ORDERS} */ (effectiveOrder)];
  return [
    order === 'adaptive' ? `Adaptive, now ${now}` : `${now[0]?.toUpperCase()}${now.slice(1)}`,
    `deadline ${formatDuration(deadlineSeconds * 1_000)}`,
    runner
      ? `run by ${new URL(runner.url).host}, ${formatCount(runner.concurrency)} at once`
      : 'run by workers outside',
  ].join(' · ');
}
