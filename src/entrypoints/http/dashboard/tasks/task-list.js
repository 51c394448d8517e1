import { Action, outcome } from '../action.js';
import { fieldView } from '../form.js';
import { formatInstant } from '../format.js';
import { html, nothing, repeat, signal } from '../packages.js';
import { PagedList, pagedListView } from '../paged-list.js';
import { idText, inARow, isolated } from '../text.js';
import { apart, focusOn } from '../view.js';
import { openPurge, openRedrive } from './queue-hands.js';
import { queueHref } from './queue-list.js';
import { listTasks } from './tasks.js';

/** @import { ListedStatus, Task } from './tasks.js' */

const REFRESH_MS = 5_000;
/** More of a payload does not fit into a row, characters. */
const EXCERPT = 160;

/** The statuses by which tasks can be listed, as people call them. */
const STATUSES = /** @type {const} */ ([
  ['PENDING', 'Pending'],
  ['TAKEN', 'Taken'],
  ['FAILURE', 'Dead letters'],
  ['SHED', 'Shed'],
  ['CANCELLED', 'Cancelled'],
]);

/**
 * The tasks of a queue that have the status which the viewer chooses, newest first; others are found by their id.
 *
 * @param {string} queue
 * @param {() => void} onChange called when the viewer has changed what it holds
 * @param {AbortSignal} until ends it
 */
export function taskList(queue, onChange, until) {
  const action = new Action();
  const begin = (/** @type {ListedStatus} */ status) => {
    const end = new AbortController();
    const list = /** @type {PagedList<Task>} */ (
      new PagedList((cursor) => listTasks(queue, status, cursor), REFRESH_MS, end.signal)
    );
    void list.refresh();
    return { status, list, end };
  };
  const shown = signal(begin('PENDING'));
  until.addEventListener('abort', () => shown.value.end.abort());
  const choose = (/** @type {ListedStatus} */ status) => {
    shown.value.end.abort();
    action.say('');
    shown.value = begin(status);
  };
  const report = (/** @type {string} */ words) => {
    action.say(words);
    // The button goes with the tasks.
    focusOn('.segment :checked');
    refresh();
    onChange();
  };
  const refresh = () => void shown.value.list.refresh();
  const view = () => html`
    <section class="controls" aria-labelledby="tasks-title">
      <h3 id="tasks-title">Tasks</h3>
      <fieldset class="segments">
        <legend class="visually-hidden">Which tasks</legend>
        ${STATUSES.map(
          ([status, title]) => html`
            <label class="segment">
              <input type="radio" name="status" value=${status} .checked=${status === shown.value.status} @change=${() => choose(status)} />
              <span>${title}</span>
            </label>`,
        )}
      </fieldset>
      ${apart(() => pagedListView(shown.value.list, rows(queue, shown.value.list), 'Older tasks'))}
      ${apart(() => html`<div class="outcome">${hands(queue, shown.value, report)}${outcome(action)}</div>`)}
      ${findForm(queue)}
    </section>`;
  return { view, refresh };
}

/**
 * What can be done with all tasks that are listed.
 *
 * @param {string} queue
 * @param {{ status: ListedStatus, list: PagedList<Task> }} shown
 * @param {(words: string) => void} report
 */
function hands(queue, { status, list }, report) {
  if (status === 'TAKEN' || !list.items.value?.length) return nothing;
  return html`
    <div class="actions">
      <button type="button" ?hidden=${status !== 'SHED'}
        @click=${() => openRedrive(queue, 'SHED', Number.POSITIVE_INFINITY, report)}>Redrive the shed tasks…</button>
      <button type="button" @click=${() => openPurge(queue, status, report)}>${status === 'PENDING' ? 'Cancel all…' : 'Remove all…'}</button>
    </div>`;
}

/**
 * @param {string} queue
 * @param {PagedList<Task>} list
 */
function rows(queue, list) {
  const tasks = list.items.value;
  if (tasks === undefined) return nothing;
  if (tasks.length === 0) return html`<p class="hint">${list.isWhole.value ? 'There is none.' : 'None found yet.'}</p>`;
  return html`<ul class="tasks">${repeat(
    tasks,
    ({ taskId }) => taskId,
    (task) => html`<li>${row(queue, task)}</li>`,
  )}</ul>`;
}

/**
 * @param {string} queue
 * @param {Task} task
 */
const row = (queue, task) => html`
  <a href="${queueHref(queue)}/${task.taskId}">
    <span class="link-title">${idText(task.taskId)}</span>
    <span class="link-facts">${inARow(factsOf(task))}</span>
    ${task.error === undefined ? nothing : html`<span class="task-error">${isolated(task.error)}</span>`}
    <span class="excerpt">${isolated(beginningOf(JSON.stringify(task.payload)))}</span>
  </a>`;

/** @param {string} queue */
function findForm(queue) {
  const find = (/** @type {Event & { target: HTMLFormElement }} */ event) => {
    event.preventDefault();
    const id = String(new FormData(event.target).get('taskId')).trim();
    location.hash = `${queueHref(queue)}/${encodeURIComponent(id)}`;
  };
  const field = fieldView({
    name: 'taskId',
    label: 'Find a task by its id',
    hint: 'Of any queue. Tasks that succeeded are found by their id alone.',
    required: true,
  });
  return html`<form class="inline" @submit=${find}>${field}<button type="submit">Find</button></form>`;
}

/**
 * @param {Task} task
 * @returns {string[]}
 */
function factsOf({ status, attempt, maxAttempts, createdAt, notBefore, expiresAt, worker, leaseUntil, isAbandoned }) {
  const facts = [formatInstant(createdAt)];
  if (status === 'PENDING' && notBefore > createdAt) facts.push(`due ${formatInstant(notBefore)}`);
  if (attempt > 0) facts.push(`attempt ${attempt} of ${maxAttempts}`);
  if (status === 'SHED') facts.push(`not done by ${formatInstant(expiresAt)}`);
  if (status !== 'TAKEN') return facts;
  if (worker !== undefined) facts.push(`claimed by ${worker}`);
  if (leaseUntil !== undefined) {
    const until = formatInstant(leaseUntil);
    facts.push(isAbandoned ? `nobody has worked on it since ${until}` : `lease until ${until}`);
  }
  return facts;
}

/** @param {string} text without half of a surrogate pair at its end */
const beginningOf = (text) => text.slice(0, EXCERPT).replace(/[\ud800-\udbff]$/, '');
