import { apiKey } from '../api-key.js';
import { openKeyDialog } from '../api-key-dialog.js';
import { element } from '../legacy/dom.js';
import { onChange } from '../legacy/on-change.js';
import { SplitPage } from '../legacy/split-page.js';
import { DepthHistory } from './depth-history.js';
import { openNewTaskDialog } from './new-task-dialog.js';
import { queueHref, queueList } from './queue-list.js';
import { QueueView } from './queue-view.js';
import { TaskView } from './task-view.js';

/**
 * @import { Page } from '../pages.js'
 * @import { Queue } from './tasks.js'
 */

/** The queues, and what is chosen of them: `#/tasks/<queue>` or `#/tasks/<queue>/<taskId>`. @type {Page} */
export const tasksPage = {
  name: 'tasks',
  title: 'Tasks',
  mount: (place, signal) => new TasksPage(place, signal),
};

/** Everything about tasks takes a key: with another one the page begins anew. */
class TasksPage {
  #place;
  #path = '';
  #depths = new DepthHistory();
  /** @type {SplitPage<Queue> | undefined} */
  #page;
  #end = new AbortController();

  /**
   * @param {HTMLElement} place
   * @param {AbortSignal} signal
   */
  constructor(place, signal) {
    this.#place = place;
    const begin = () => {
      this.#begin();
      this.#page?.show(this.#path);
    };
    onChange(apiKey, begin, signal);
    signal.addEventListener('abort', () => this.#end.abort());
    this.#begin();
  }

  /** @param {string} path */
  show(path) {
    this.#path = path;
    this.#page?.show(path);
  }

  #begin() {
    this.#end.abort();
    this.#end = new AbortController();
    this.#page = undefined;
    if (apiKey.value === undefined) {
      document.title = 'Tasks – Portside';
      this.#place.replaceChildren(
        element('h1', { class: 'unseen' }, 'Tasks'),
        element(
          'div',
          { class: 'empty' },
          element('p', {}, 'Queues are shown to key holders. Whoever runs the service has the keys.'),
          element('button', { class: 'primary', type: 'button', click: openKeyDialog }, 'Enter the API key'),
        ),
      );
      return;
    }
    this.#place.replaceChildren();
    this.#page = new SplitPage(
      {
        name: 'tasks',
        title: 'Tasks',
        list: (onRefresh, signal) => queueList(this.#depths, onRefresh, signal),
        add: { label: 'New task', click: () => this.#newTask() },
        first: ([queue]) => queue?.queue,
        empty: 'There is no queue yet. A queue begins with its first task.',
        view: (path, list, signal) => {
          const [queue = '', taskId] = path.split('/');
          return taskId ? new TaskView(queue, taskId, signal) : new QueueView(queue, this.#depths, list, signal);
        },
      },
      this.#place,
      this.#end.signal,
    );
  }

  #newTask() {
    openNewTaskDialog(this.#path.split('/')[0] ?? '', ({ queue, taskId }) => {
      location.hash = `${queueHref(queue)}/${taskId}`;
    });
  }
}
