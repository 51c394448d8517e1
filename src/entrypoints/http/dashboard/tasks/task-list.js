import { element, isolated } from '../dom.js';
import { formatInstant } from '../format.js';
import { PagedList } from '../paged-list.js';
import { queueHref } from './queue-list.js';
import { listTasks } from './tasks.js';

/** @import { ListedStatus, Task } from './tasks.js' */

const REFRESH_MS = 5_000;

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
  #link({ taskId, attempt, maxAttempts, createdAt, error }) {
    const facts = [
      formatInstant(createdAt),
      ...(attempt > 0 ? [`attempt ${attempt} of ${maxAttempts}`] : []),
      ...(error === undefined ? [] : [error]),
    ];
    return element(
      'a',
      { href: `${queueHref(this.#queue)}/${taskId}` },
      element('span', { class: 'link-title' }, isolated(taskId)),
      element('span', { class: 'link-facts' }, isolated(facts.join(' · '))),
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
