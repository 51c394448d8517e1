import { formatCount, formatDuration } from '../format.js';
import { recordDepth } from './depth-chart.js';
import { approx, listQueues } from './tasks.js';

/**
 * @import { Choices } from '../side-list.js'
 * @import { Queue } from './tasks.js'
 */

/** @param {string} queue */
export const queueHref = (queue) => `#/tasks/${queue}`;

/** From then on somebody should look why nobody works on what is due, ms; the alarm of the templates goes by it, too. */
const LATE_MS = 300_000;
/** A shorter wait is not worth a word. */
const WAITING_MS = 10_000;

/** @param {Queue} queue */
const needsALook = ({ deadLetters, breaker, oldestDueAgeMs, paused }) =>
  deadLetters > 0 || breaker === 'open' || (!paused && (oldestDueAgeMs ?? 0) > LATE_MS);

/**
 * What is said of dead letters, if there are any.
 *
 * @param {Pick<Queue, 'deadLetters' | 'approximate'>} queue
 */
const deadLettersOf = (queue) =>
  queue.deadLetters > 0 ? [approx(queue, 'deadLetters', `${formatCount(queue.deadLetters)} dead`)] : [];

/** The queues with what waits in them; first those that somebody should look at. @type {Choices<Queue>} */
export const queueChoices = {
  title: 'Queues',
  more: 'More queues',
  load: async (cursor) => {
    const page = await listQueues(cursor);
    page.items.forEach(recordDepth);
    return page;
  },
  count: (queues) => {
    const sum = (/** @type {'pending' | 'deadLetters'} */ figure) =>
      queues.reduce((all, queue) => all + queue[figure], 0);
    const approximate = queues.flatMap((queue) => queue.approximate ?? []);
    const pending = approx({ approximate }, 'pending', `${formatCount(sum('pending'))} pending`);
    return [pending, ...deadLettersOf({ deadLetters: sum('deadLetters'), approximate })].join(' · ');
  },
  sections: (queues) => {
    const first = queues.filter(needsALook);
    if (first.length === 0) return [{ items: queues }];
    return [
      { title: `With dead letters, or tasks due for over ${formatDuration(LATE_MS)}, or a service away`, items: first },
      { title: 'Others', items: queues.filter((queue) => !needsALook(queue)) },
    ];
  },
  link: (queue) => ({
    href: queueHref(queue.queue),
    title: queue.queue,
    facts: [
      ...(queue.paused ? ['paused'] : []),
      ...(queue.breaker === 'open' ? ['service away'] : []),
      approx(queue, 'pending', `${formatCount(queue.pending)} pending`),
      approx(queue, 'taken', `${formatCount(queue.taken)} taken`),
      ...deadLettersOf(queue),
      ...((queue.oldestDueAgeMs ?? 0) > WAITING_MS
        ? [approx(queue, 'oldestDueAgeMs', `due for ${formatDuration(queue.oldestDueAgeMs ?? 0)}`)]
        : []),
    ],
  }),
};
