import { Action } from '../legacy/action.js';
import { element, idText, isolated, setText } from '../legacy/dom.js';
import { PolledCard } from '../legacy/polled-card.js';
import { queueHref } from './queue-list.js';
import { taskHistory } from './task-history.js';
import { readTask, redriveTask } from './tasks.js';

/** @import { Task } from './tasks.js' */

const INTERVAL_MS = 2_000;
/** JSON that is longer is shown without indentation, which would make deep nesting longer still. */
const INDENTED = 4_000;

/** One task: what happened to it so far, what it carries, and what came of it. */
export class TaskView {
  #taskId;
  #heading;
  #status = element('span', { class: 'status' });
  #fact = element('span', { class: 'fact', hidden: true }, this.#status);
  #action = new Action();
  #card;
  /** What is shown, so that it is made anew only when that changes. */
  #shown = '';

  /**
   * @param {string} queue to which the way leads back
   * @param {string} taskId
   * @param {AbortSignal} signal ends the view
   */
  constructor(queue, taskId, signal) {
    this.#taskId = taskId;
    this.#heading = element('h2', { class: 'headline is-id', tabindex: -1 }, 'Task ', idText(taskId));
    document.title = `${taskId} – Portside`;
    this.#card = new PolledCard(
      {
        facts: element('p', {}, element('a', { href: queueHref(queue) }, 'Queue ', isolated(queue)), this.#fact),
        heading: this.#heading,
        below: [element('div', { class: 'outcome' }, ...this.#action.outcome)],
        ask: (signal) => readTask(taskId, signal),
        intervalMs: INTERVAL_MS,
        absent: 'There is no such task. Finished tasks are kept for a time only.',
        onAnswer: (task, isEmpty) => {
          if (task.queue === queue) this.#show(task, isEmpty);
          else location.replace(`${queueHref(task.queue)}/${taskId}`);
        },
        onEmptied: () => {
          this.#fact.hidden = true;
        },
      },
      signal,
    );
    this.element = this.#card.element;
  }

  /** Moves the focus to the id of the task, for somebody who chose it. */
  focus() {
    this.#heading.focus();
  }

  /**
   * @param {Task} task
   * @param {boolean} isEmpty
   */
  #show(task, isEmpty) {
    const shown = JSON.stringify(task);
    if (!isEmpty && shown === this.#shown) return;
    this.#shown = shown;
    this.#fact.hidden = false;
    setText(this.#status, task.status);
    this.#status.dataset.status = task.status;
    const { body } = this.#card;
    const hadFocus = body.contains(document.activeElement);
    body.replaceChildren(
      taskHistory(task),
      ...(task.error === undefined ? [] : [text('Last error', task.error)]),
      text('Payload', json(task.payload)),
      ...(task.result === undefined ? [] : [text('Result', json(task.result))]),
      ...(task.status === 'FAILURE' ? [this.#controls()] : []),
    );
    if (hadFocus) this.focus();
  }

  #controls() {
    return element(
      'div',
      { class: 'actions' },
      element('button', { type: 'button', click: () => this.#redrive() }, 'Redrive this task'),
    );
  }

  #redrive() {
    void this.#action.run({
      meanwhile: 'Redriving…',
      act: () => redriveTask(this.#taskId),
      report: (task) => {
        this.#card.show(task);
        this.#card.askNow();
        return 'The task is pending again.';
      },
    });
  }
}

/**
 * @param {string} title
 * @param {string} content
 */
const text = (title, content) =>
  element(
    'section',
    {},
    element('h3', {}, title),
    element('pre', { class: 'text', tabindex: 0, role: 'region', 'aria-label': title }, isolated(content)),
  );

/** @param {unknown} value */
function json(value) {
  const compact = JSON.stringify(value);
  return compact.length > INDENTED ? compact : JSON.stringify(value, null, 2);
}
