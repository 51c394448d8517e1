import { Action, outcome } from '../action.js';
import { formatCount, formatDuration } from '../format.js';
import { html } from '../packages.js';
import { Polled, polledCard } from '../polled.js';
import { isolated } from '../text.js';
import { react } from '../view.js';
import { depthChart, recordDepth } from './depth-chart.js';
import { queueCounters, queueFigures } from './queue-figures.js';
import { taskList } from './task-list.js';
import { readQueue, redriveQueue } from './tasks.js';

/**
 * @import { Html } from '../packages.js'
 * @import { SideList } from '../side-list.js'
 * @import { Queue } from './tasks.js'
 */

const INTERVAL_MS = 2_000;
const REDRIVEN_AT_ONCE = 1_000;
const ORDERS = { lifo: 'newest first', fifo: 'oldest first' };

/**
 * One queue: what it holds, how that changed, what it has done, and its tasks.
 *
 * @param {string} queue
 * @param {SideList<Queue>} list which shows what the queue holds, too
 * @param {AbortSignal} until ends the view
 * @returns {() => Html}
 */
export function queueView(queue, list, until) {
  const ask = async (/** @type {AbortSignal} */ signal) => {
    const answer = await readQueue(queue, signal);
    recordDepth(answer);
    return answer;
  };
  const known = /** @type {Polled<Queue>} */ (new Polled(ask, INTERVAL_MS, until));
  const tasks = taskList(queue, until);
  const action = new Action();
  document.title = `${queue} – Portside`;
  react(() => {
    list.known.value = known.answer.value ?? {};
  }, until);

  const redrive = () => {
    const count = Math.min(known.answer.value?.deadLetters ?? 0, REDRIVEN_AT_ONCE);
    void action.run({
      confirm: {
        title: `Redrive ${formatCount(count)} dead ${count === 1 ? 'letter' : 'letters'}?`,
        text: 'They are pending again in their old places, with all their attempts and a new deadline.',
        action: 'Redrive',
        cancelLabel: 'Leave them',
      },
      meanwhile: 'Redriving…',
      act: () => redriveQueue(queue),
      report: (redriven) => {
        known.askNow();
        tasks.refresh();
        const rest = redriven < REDRIVEN_AT_ONCE ? '' : ' There may be more.';
        return `${formatCount(redriven)} ${redriven === 1 ? 'task is' : 'tasks are'} pending again.${rest}`;
      },
    });
  };

  return () =>
    polledCard(known, {
      facts: html`<p>${known.answer.value ? factsOf(known.answer.value) : ''}</p>`,
      heading: html`<h2 class="headline" tabindex="-1">${isolated(queue)}</h2>`,
      body: (answer) => html`
        ${queueFigures(answer)}
        ${depthChart(queue)}
        ${queueCounters(answer)}
        <div class="outcome">
          <button type="button" ?hidden=${answer.deadLetters === 0} @click=${redrive}>Redrive the dead letters…</button>
          ${outcome(action)}
        </div>
        ${tasks.view()}`,
      absent: 'There is no such queue. A queue begins with its first task.',
    });
}

/** @param {Queue} queue */
function factsOf({ order, effectiveOrder, deadlineSeconds, runner }) {
  const now = ORDERS[/** @type {keyof typeof ORDERS} */ (effectiveOrder)];
  return [
    order === 'adaptive' ? `Adaptive, now ${now}` : `${now[0]?.toUpperCase()}${now.slice(1)}`,
    `deadline ${formatDuration(deadlineSeconds * 1_000)}`,
    runner
      ? `run by ${new URL(runner.url).host}, ${formatCount(runner.concurrency)} at once`
      : 'run by workers outside',
  ].join(' · ');
}
