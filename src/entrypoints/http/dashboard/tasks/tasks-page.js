import { apiKey } from '../api-key.js';
import { openKeyDialog } from '../api-key-dialog.js';
import { html, untracked } from '../packages.js';
import { splitPage } from '../split-page.js';
import { react, show } from '../view.js';
import { openNewTask } from './new-task.js';
import { queueChoices } from './queue-list.js';
import { queueView } from './queue-view.js';
import { taskView } from './task-view.js';

/** @import { Page, PageView } from '../pages.js' */

/** The queues, and what is chosen of them: `#/tasks/<queue>` or `#/tasks/<queue>/<taskId>`. @type {Page} */
export const tasksPage = {
  name: 'tasks',
  title: 'Tasks',
  mount(place, until) {
    /** @type {string | undefined} */
    let path;
    /** @type {PageView | undefined} */
    let page;
    let end = new AbortController();
    until.addEventListener('abort', () => end.abort());
    // Everything about tasks takes a key: with another one the page begins anew.
    react(() => {
      const hasKey = apiKey.value !== undefined;
      end.abort();
      end = new AbortController();
      untracked(() => {
        page = hasKey ? queuesPage(place, end.signal) : pageWithoutKey(place, end.signal);
        if (path !== undefined) page.show(path);
      });
    }, until);
    return {
      show(next) {
        path = next;
        page?.show(next);
      },
    };
  },
};

/**
 * @param {HTMLElement} place
 * @param {AbortSignal} until
 */
const queuesPage = (place, until) =>
  splitPage(
    {
      name: 'tasks',
      title: 'Tasks',
      choices: queueChoices,
      add: { label: 'New task', click: () => openNewTask(location.hash.split('/')[2] ?? '') },
      first: ([queue]) => queue?.queue,
      empty: 'There is no queue yet. A queue begins with its first task.',
      open: (path, list, until) => {
        const [queue = '', taskId] = path.split('/');
        return taskId ? taskView(queue, taskId, until) : queueView(queue, list, until);
      },
    },
    place,
    until,
  );

/**
 * @param {HTMLElement} place
 * @param {AbortSignal} until
 * @returns {PageView}
 */
function pageWithoutKey(place, until) {
  document.title = 'Tasks – Portside';
  show(
    () => html`
      <h1 class="visually-hidden">Tasks</h1>
      <div class="empty">
        <p>Queues are shown to key holders. Whoever runs the service has the keys.</p>
        <button class="primary" type="button" @click=${openKeyDialog}>Enter the API key</button>
      </div>`,
    place,
    until,
  );
  return { show() {} };
}
