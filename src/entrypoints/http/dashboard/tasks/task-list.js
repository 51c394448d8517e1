import { formatInstant } from '../format.js';
import { element, idText, inARow, isolated } from '../legacy/dom.js';
import { PagedList } from '../legacy/paged-list.js';
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

/** The tasks of a queue that have the status which the viewer chooses, newest first; others are found by their id. */
export class TaskList {
  #queue;
  #signal;
  #place = element('div');
  /** @type {AbortController | undefined} */
  #listing;
  /** @type {PagedList<Task> | undefined} */
  #list;

  /**
   * @param {string} queue
   * @param {AbortSignal} signal ends it
   */
  constructor(queue, signal) {
    this.#queue = queue;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#listing?.abort());
    this.element = element(
      'section',
      { class: 'controls', 'aria-labelledby': 'tasks-title' },
      element('h3', { id: 'tasks-title' }, 'Tasks'),
      element(
        'fieldset',
        { class: 'segments' },
        element('legend', { class: 'unseen' }, 'Which tasks'),
        ...STATUSES.map(([status, title]) =>
          element(
            'label',
            { class: 'segment' },
            element('input', {
              type: 'radio',
              name: 'status',
              value: status,
              checked: status === 'PENDING',
              change: () => this.#choose(status),
            }),
            element('span', {}, title),
          ),
        ),
      ),
      this.#place,
      this.#findForm(),
    );
    this.#choose('PENDING');
  }

  refresh() {
    return this.#list?.refresh();
  }

  /** @param {ListedStatus} status */
  #choose(status) {
    this.#listing?.abort();
    this.#listing = new AbortController();
    this.#list = /** @type {PagedList<Task>} */ (
      new PagedList(
        {
          load: (cursor) => listTasks(this.#queue, status, cursor),
          render: (tasks) => [
            element('ul', { class: 'tasks' }, ...tasks.map((task) => element('li', {}, this.#link(task)))),
          ],
          empty: 'There is none.',
          more: 'Older tasks',
          refreshMs: REFRESH_MS,
        },
        this.#listing.signal,
      )
    );
    this.#place.replaceChildren(this.#list.element);
    if (this.#signal.aborted) this.#listing.abort();
    else void this.#list.refresh();
  }

  /** @param {Task} task */
  #link(task) {
    const { taskId, payload, error } = task;
    return element(
      'a',
      { href: `${queueHref(this.#queue)}/${taskId}` },
      element('span', { class: 'link-title' }, idText(taskId)),
      element('span', { class: 'link-facts' }, ...inARow(factsOf(task))),
      ...(error === undefined ? [] : [element('span', { class: 'task-error' }, isolated(error))]),
      element('span', { class: 'excerpt' }, isolated(beginningOf(JSON.stringify(payload)))),
    );
  }

  #findForm() {
    const input = element('input', {
      id: 'find-task',
      required: true,
      autocomplete: 'off',
      spellcheck: 'false',
      autocapitalize: 'none',
    });
    const find = (/** @type {Event} */ event) => {
      event.preventDefault();
      location.hash = `${queueHref(this.#queue)}/${encodeURIComponent(input.value.trim())}`;
    };
    return element(
      'form',
      { class: 'inline', submit: find },
      element(
        'div',
        { class: 'field' },
        element('label', { for: 'find-task' }, 'Find a task by its id'),
        input,
        element('p', { class: 'hint' }, 'Of any queue. Tasks that succeeded are found by their id alone.'),
      ),
      element('button', { type: 'submit' }, 'Find'),
    );
  }
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
  if (leaseUntil !== undefined)
    facts.push(
      isAbandoned
        ? `nobody has worked on it since ${formatInstant(leaseUntil)}`
        : `lease until ${formatInstant(leaseUntil)}`,
    );
  return facts;
}

/** @param {string} text without half of a surrogate pair at its end */
const beginningOf = (text) => text.slice(0, EXCERPT).replace(/[\ud800-\udbff]$/, '');
