import { isolated } from '../dom.js';
import { formatCount } from '../format.js';
import { SideList } from '../side-list.js';
import { listQueues } from './tasks.js';

/**
 * @import { Problem } from '../service.js'
 * @import { DepthHistory } from './depth-history.js'
 * @import { Queue } from './tasks.js'
 */

/** @param {string} queue */
export const queueHref = (queue) => `#/tasks/${queue}`;

/**
 * The queues by name, with what waits in them.
 *
 * @param {DepthHistory} depths to which their depths are added
 * @param {(problem?: Problem) => void} onRefresh
 * @param {AbortSignal} signal
 * @returns {SideList<Queue>}
 */
export const queueList = (depths, onRefresh, signal) =>
  new SideList(
    {
      title: 'Queues',
      more: 'More queues',
      load: async (cursor) => {
        const page = await listQueues(cursor);
        for (const queue of page.items) depths.record(queue);
        return page;
      },
      count: (queues) => `${formatCount(queues.reduce((sum, { pending }) => sum + pending, 0))} pending`,
      sections: (queues) => [{ items: queues }],
      link: ({ queue, pending, taken, deadLetters }) => ({
        href: queueHref(queue),
        title: isolated(queue),
        facts: [
          `${formatCount(pending)} pending`,
          `${formatCount(taken)} taken`,
          ...(deadLetters > 0 ? [`${formatCount(deadLetters)} dead`] : []),
        ].join(' · '),
      }),
      onRefresh,
    },
    signal,
  );
