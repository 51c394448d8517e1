import { formatCount } from '../format.js';
import { SideList } from '../side-list.js';
import { honest, listQueues } from './tasks.js';

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
      count: (queues) => {
        const pending = queues.reduce((sum, queue) => sum + queue.pending, 0);
        const approximate = queues.flatMap((queue) => queue.approximate ?? []);
        return honest({ approximate }, 'pending', `${formatCount(pending)} pending`);
      },
      sections: (queues) => [{ items: queues }],
      link: (queue) => ({
        href: queueHref(queue.queue),
        title: queue.queue,
        facts: [
          honest(queue, 'pending', `${formatCount(queue.pending)} pending`),
          honest(queue, 'taken', `${formatCount(queue.taken)} taken`),
          ...(queue.deadLetters > 0 ? [honest(queue, 'deadLetters', `${formatCount(queue.deadLetters)} dead`)] : []),
        ].join(' · '),
      }),
      onRefresh,
    },
    signal,
  );
