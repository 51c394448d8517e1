import { keyedPage } from '../keyed-page.js';
import { splitPage } from '../split-page.js';
import { openNewTask } from './new-task.js';
import { queueChoices } from './queue-list.js';
import { queueView } from './queue-view.js';
import { taskView } from './task-view.js';

/** The queues, and what is chosen of them: `#/tasks/<queue>` or `#/tasks/<queue>/<taskId>`. */
export const tasksPage = keyedPage({
  name: 'tasks',
  title: 'Tasks',
  withoutKey: 'Queues are shown to key holders. Whoever runs the service has the keys.',
  mount: (place, until) =>
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
    ),
});
