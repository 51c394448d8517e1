import { Action, outcome } from '../action.js';
import { html, nothing } from '../packages.js';
import { Polled, polledCard } from '../polled.js';
import { idText, isolated } from '../text.js';
import { focusOn, react } from '../view.js';
import { openNewTask } from './new-task.js';
import { queueHref } from './queue-list.js';
import { taskHistory } from './task-history.js';
import { changeTask, readTask } from './tasks.js';

/**
 * @import { Html } from '../packages.js'
 * @import { Task } from './tasks.js'
 */

const INTERVAL_MS = 2_000;
/** JSON that is longer is shown without indentation, which would make deep nesting longer still. */
const INDENTED = 4_000;

/**
 * One task: what happened to it so far, what it carries, and what came of it.
 *
 * @param {string} queue to which the way leads back
 * @param {string} taskId
 * @param {AbortSignal} until ends the view
 * @returns {() => Html}
 */
export function taskView(queue, taskId, until) {
  const known = /** @type {Polled<Task>} */ (new Polled((signal) => readTask(taskId, signal), INTERVAL_MS, until));
  const action = new Action();
  document.title = `${taskId} – Portside`;
  react(() => {
    const actual = known.answer.value?.queue ?? queue;
    if (actual !== queue) location.replace(`${queueHref(actual)}/${taskId}`);
  }, until);

  const report = (/** @type {Task} */ task, /** @type {string} */ words) => {
    known.take(task);
    known.askNow();
    // The button that had the focus is gone.
    focusOn('.headline');
    return words;
  };
  const redrive = () =>
    void action.run({
      meanwhile: 'Redriving…',
      act: () => changeTask(taskId, 'redrive'),
      report: (task) => report(task, 'The task is pending again.'),
    });
  const cancel = () =>
    void action.run({
      confirm: {
        title: 'Cancel this task?',
        text: 'Nobody runs it any more, and what a worker says of it is refused. It cannot be redriven; a copy can be enqueued.',
        action: 'Cancel the task',
        cancelLabel: 'Leave it',
      },
      meanwhile: 'Cancelling…',
      act: () => changeTask(taskId, 'cancel'),
      report: (task) => report(task, 'The task is cancelled.'),
    });

  return () => {
    const status = known.answer.value?.status;
    return polledCard(known, {
      facts: html`<p>
        <a href=${queueHref(queue)}>Queue ${isolated(queue)}</a>${
          status ? html`<span class="fact"><span class="status" data-status=${status}>${status}</span></span>` : nothing
        }
      </p>`,
      heading: html`<h2 class="headline is-id" tabindex="-1">Task ${idText(taskId)}</h2>`,
      body: (task) => html`
        ${taskHistory(task)}
        ${task.error === undefined ? nothing : text('Last error', task.error)}
        ${text('Payload', json(task.payload))}
        ${task.result === undefined ? nothing : text('Result', json(task.result))}
        <div class="actions">
          ${status === 'FAILURE' || status === 'SHED' ? button('Redrive this task', redrive) : nothing}
          ${status === 'PENDING' || status === 'TAKEN' ? button('Cancel this task…', cancel) : nothing}
          ${status === 'CANCELLED' ? button('Enqueue a copy…', () => openNewTask(queue, json(task.payload))) : nothing}
        </div>`,
      below: html`<div class="outcome">${outcome(action)}</div>`,
      absent: 'There is no such task. Finished tasks are kept for a time only.',
    });
  };
}

/**
 * @param {string} words
 * @param {() => void} click
 */
const button = (words, click) => html`<button type="button" @click=${click}>${words}</button>`;

/**
 * @param {string} title
 * @param {string} content
 */
const text = (title, content) => html`
  <section>
    <h3>${title}</h3>
    <pre class="text" tabindex="0" role="region" aria-label=${title}>${isolated(content)}</pre>
  </section>`;

/** @param {unknown} value */
function json(value) {
  const compact = JSON.stringify(value);
  return compact.length > INDENTED ? compact : JSON.stringify(value, null, 2);
}
