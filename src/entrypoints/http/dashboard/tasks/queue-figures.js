import { counts, figure } from '../figures.js';
import { formatCount, formatDuration, formatRate } from '../format.js';
import { html } from '../packages.js';
import { approx } from './tasks.js';

/** @import { Queue } from './tasks.js' */

/**
 * What a queue holds. Figures that are not exact say so.
 *
 * @param {Queue} queue
 */
export function queueFigures(queue) {
  const { delayed, oldestDueAgeMs, newestPendingAgeMs, counters } = queue;
  const count = (/** @type {'pending' | 'taken' | 'deadLetters' | 'delayed'} */ name) =>
    approx(queue, name, formatCount(queue[name]));
  const age = (/** @type {'oldestDueAgeMs' | 'newestPendingAgeMs'} */ name) => {
    const ms = queue[name];
    return ms === null ? '–' : approx(queue, name, formatDuration(ms));
  };
  const perSecond = approx(queue, 'throughputPerSecond', formatRate(queue.throughputPerSecond));
  const isOrphaned = isAWorkerGone(queue);
  return html`
    <dl class="figures is-queue">
      ${figure('Pending', count('pending'), delayed > 0 ? `${count('delayed')} not due yet` : '', true)}
      ${figure('Taken', count('taken'), isOrphaned ? 'a worker is gone' : 'claimed by workers')}
      ${figure('Longest due', age('oldestDueAgeMs'), oldestDueAgeMs === null ? 'nothing is due' : 'and not claimed')}
      ${figure('Newest', age('newestPendingAgeMs'), newestPendingAgeMs === null ? 'nothing is pending' : 'since it was enqueued')}
      ${figure('Per second', perSecond, 'finished lately')}
      ${figure('Dead letters', count('deadLetters'), 'failed for good')}
      ${figure('Shed', approx(queue, 'counters', formatCount(counters.shed)), 'too late to be run')}
      ${figure('Refused', approx(queue, 'counters', formatCount(counters.refused)), 'the queue was full')}
    </dl>
    <p class="staleness" ?hidden=${!isOrphaned}>
      A worker is gone: the lease of a task that it had taken ran out, and nobody has claimed the task again. See “Taken”
      below.
    </p>`;
}

/**
 * What a queue has done.
 *
 * @param {Queue} queue
 */
export function queueCounters(queue) {
  const { enqueued, succeeded, failed, cancelled, redriven } = queue.counters;
  const all = { Enqueued: enqueued, Succeeded: succeeded, Failed: failed, Cancelled: cancelled, Redriven: redriven };
  return html`
    <section aria-labelledby="counters-title">
      <h3 id="counters-title">Since the queue began</h3>
      ${counts(Object.entries(all).map(([name, count]) => [name, approx(queue, 'counters', formatCount(count))]))}
      <p class="hint" ?hidden=${!queue.approximate?.length}>
        ≈ is not exact: processes add up their counts once a second.
      </p>
    </section>`;
}

/**
 * Whether the task that has been due for longest is one that was taken: nobody works on it, its lease ran out.
 *
 * @param {Queue} queue
 */
function isAWorkerGone({ pending, delayed, oldestDueAgeMs, oldestPendingAgeMs, approximate = [] }) {
  const figures = ['pending', 'delayed', 'oldestDueAgeMs', 'oldestPendingAgeMs'];
  if (oldestDueAgeMs === null || figures.some((figure) => approximate.includes(figure))) return false;
  return pending === delayed || oldestDueAgeMs > (oldestPendingAgeMs ?? 0);
}
