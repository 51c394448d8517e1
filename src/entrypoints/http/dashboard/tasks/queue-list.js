import { formatCount, formatDuration } from '../format.js';
import { SideList } from '../legacy/side-list.js';
import { approx, listQueues } from './tasks.js';

/**
 * @import { Problem } from '../service.js'
 * @import { DepthHistory } from './depth-history.js'
 * @import { Queue } from './tasks.js'
 */

/** @param {string} queue */
export const queueHref = (queue) => `#/tasks/${queue}`;

/** From then on somebody should look why nobody works on what is due, ms; the alarm of the templates goes by it, too. */
const LATE_MS = 300_000;
/** A shorter wait is not worth a word. */
const WAITING_MS = 10_000;

/** @param {Queue} queue */
const needsALook = ({ deadLetters, oldestDueAgeMs, paused }) =>
  deadLetters > 0 || (!paused && (oldestDueAgeMs ?? 0) > LATE_MS);

/**
 * The queues by name; first those that somebody should look at.
 *
 * @param {readonly Queue[]} queues
 */
function sections(queues) {
  const first = queues.filter(needsALook);
  if (first.length === 0) return [{ items: queues }];
  return [
    { title: `With dead letters, or tasks due for over ${formatDuration(LATE_MS)}`, items: first },
    { title: 'Others', items: queues.filter((queue) => !needsALook(queue)) },
  ];
}

/**
 * What is to be said of dead letters, if there are any.
 *
 * @param {Pick<Queue, 'pending' | 'deadLetters' | 'approximate'>} queue
 */
const deadLettersOf = (queue) =>
  queue.deadLetters > 0 ? [approx(queue, 'deadLetters', `${formatCount(queue.deadLetters)} dead`)] : [];

/**
 * The queues with what waits in them.
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
        const sum = (/** @type {'pending' | 'deadLetters'} */ figure) =>
          queues.reduce((all, queue) => all + queue[figure], 0);
        const all = {
          pending: sum('pending'),
          deadLetters: sum('deadLetters'),
          approximate: queues.flatMap((queue) => queue.approximate ?? []),
        };
        return [approx(all, 'pending', `${formatCount(all.pending)} pending`), ...deadLettersOf(all)].join(' · ');
      },
      sections,
      link: (queue) => ({
        href: queueHref(queue.queue),
        title: queue.queue,
        facts: [
          approx(queue, 'pending', `${formatCount(queue.pending)} pending`),
          approx(queue, 'taken', `${formatCount(queue.taken)} taken`),
          ...deadLettersOf(queue),
          ...((queue.oldestDueAgeMs ?? 0) > WAITING_MS
            ? [approx(queue, 'oldestDueAgeMs', `due for ${formatDuration(queue.oldestDueAgeMs ?? 0)}`)]
            : []),
        ],
      }),
      onRefresh,
    },
    signal,
  );
