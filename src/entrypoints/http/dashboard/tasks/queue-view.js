import { Badge } from '../badge.js';
import { confirmed } from '../dialog.js';
import { element, isolated, setText } from '../dom.js';
import { formatCount, formatDuration } from '../format.js';
import { Poller } from '../poller.js';
import { problemNote } from '../problem-note.js';
import { Problem } from '../service.js';
import { DepthChart } from './depth-chart.js';
import { QueueFigures } from './queue-figures.js';
import { TaskList } from './task-list.js';
import { readQueue, redriveQueue } from './tasks.js';

/**
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
  #onChanged;
  #heading;
  #facts = element('p');
  #badge = new Badge();
  #figures = new QueueFigures();
  #chart = new DepthChart();
  #tasks;
  #redrive = element('button', { type: 'button', click: () => this.#redriveAll() }, 'Redrive the dead letters…');
  #report = element('p', { role: 'status' });
  #refusal = element('div');
  #deadLetters = 0;
  #isBusy = false;
  #isShown = false;
  #body = element('div', { class: 'stack', 'aria-busy': true }, element('p', { class: 'empty' }, 'Loading…'));
  #poller;

  /**
   * @param {string} queue
   * @param {DepthHistory} depths to which its depth is added
   * @param {() => void} onChanged called when the viewer has changed the queue
   * @param {AbortSignal} signal ends the view
   */
  constructor(queue, depths, onChanged, signal) {
    this.#queue = queue;
    this.#depths = depths;
    this.#onChanged = onChanged;
    this.#heading = element('h2', { class: 'headline', tabindex: -1 }, isolated(queue));
    this.#tasks = new TaskList(queue, signal);
    this.element = element(
      'article',
      { class: 'card' },
      element('div', { class: 'meta' }, this.#facts, this.#badge.element),
      this.#heading,
      this.#badge.detail,
      this.#body,
    );
    document.title = `${queue} – Portside`;
    this.#poller = new Poller(
      {
        ask: (signal) => readQueue(queue, signal),
        intervalMs: INTERVAL_MS,
        onAnswer: (answer) => this.#show(answer),
        onProblem: (problem) => this.#fail(problem),
      },
      signal,
    );
  }

  /** Moves the focus to the name of the queue, for somebody who chose it. */
  focus() {
    this.#heading.focus();
  }

  /** @param {Queue} queue */
  #show(queue) {
    if (!this.#isShown) {
      this.#isShown = true;
      this.#body.replaceChildren(
        this.#figures.figures,
        this.#chart.element,
        this.#figures.counters,
        this.#controls(),
        this.#tasks.element,
      );
      this.#body.removeAttribute('aria-busy');
    }
    this.element.classList.remove('is-lost');
    this.#badge.show('polling', 'Polling every 2 s');
    this.#badge.explain();
    this.#depths.record(queue);
    setText(this.#facts, factsOf(queue));
    this.#figures.show(queue);
    this.#chart.show(this.#depths.of(this.#queue));
    this.#deadLetters = queue.deadLetters;
    this.#redrive.hidden = queue.deadLetters === 0;
  }

  /** @param {Problem} problem */
  #fail(problem) {
    this.element.classList.add('is-lost');
    this.#badge.show('lost', problem.status === undefined ? 'Connection lost' : 'Not answered');
    if (this.#isShown && problem.isPassing) return this.#badge.explain(problem);
    this.#isShown = false;
    this.#badge.explain();
    this.#body.removeAttribute('aria-busy');
    const hope = problem.isPassing ? [element('p', {}, 'Trying again…')] : [];
    if (this.#body.querySelector('.problem')?.textContent?.startsWith(problem.message)) return;
    this.#body.replaceChildren(problemNote(problem, ...hope));
  }

  #controls() {
    return element('div', { class: 'outcome' }, this.#redrive, this.#report, this.#refusal);
  }

  async #redriveAll() {
    if (this.#isBusy) return;
    const count = Math.min(this.#deadLetters, REDRIVEN_AT_ONCE);
    const goOn = await confirmed({
      title: `Redrive ${formatCount(count)} dead ${count === 1 ? 'letter' : 'letters'}?`,
      text: 'They are pending again in their old places, with all their attempts and a new deadline.',
      action: 'Redrive',
      refrain: 'Leave them',
    });
    if (!goOn) return;
    this.#isBusy = true;
    this.#refusal.replaceChildren();
    setText(this.#report, 'Redriving…');
    try {
      const redriven = await redriveQueue(this.#queue);
      const isAll = redriven < REDRIVEN_AT_ONCE;
      setText(
        this.#report,
        `${formatCount(redriven)} ${redriven === 1 ? 'task is' : 'tasks are'} pending again.${isAll ? '' : ' There may be more.'}`,
      );
      this.#poller.askNow();
      void this.#tasks.refresh();
      this.#onChanged();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setText(this.#report, '');
      this.#refusal.replaceChildren(problemNote(error));
    } finally {
      this.#isBusy = false;
    }
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
