import { Action, outcome } from '../action.js';
import { formatCount, formatDuration } from '../format.js';
import { html } from '../packages.js';
import { Polled, polledCard } from '../polled.js';
import { isolated } from '../text.js';
import { focusOn, react } from '../view.js';
import { depthChart, recordDepth } from './depth-chart.js';
import { queueCounters, queueFigures } from './queue-figures.js';
import { openDelete, openRedrive } from './queue-hands.js';
import { openSettings } from './queue-settings.js';
import { taskList } from './task-list.js';
import { pauseOrResume, readQueue } from './tasks.js';

/**
 * @import { Html } from '../packages.js'
 * @import { SideList } from '../side-list.js'
 * @import { Queue } from './tasks.js'
 */

const INTERVAL_MS = 2_000;
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
  const known = /** @type {Polled<Awaited<ReturnType<typeof ask>>>} */ (new Polled(ask, INTERVAL_MS, until));
  const tasks = taskList(queue, () => known.askNow(), until);
  const action = new Action();
  document.title = `${queue} – Portside`;
  react(() => {
    list.known.value = known.answer.value ?? {};
  }, until);

  const report = (/** @type {string} */ words) => {
    action.say(words);
    known.askNow();
    tasks.refresh();
  };
  const redriven = (/** @type {string} */ words) => {
    // The button goes with the dead letters.
    focusOn('.headline');
    report(words);
  };
  const leave = () =>
    void list.pages.refresh().then(() => {
      location.hash = '#/tasks';
    });
  const pause = (/** @type {boolean} */ isPaused) =>
    void action.run({
      meanwhile: isPaused ? 'Resuming…' : 'Pausing…',
      act: () => pauseOrResume(queue, isPaused ? 'resume' : 'pause'),
      report: () => {
        known.askNow();
        return isPaused ? 'Tasks can be claimed again.' : 'The queue is paused.';
      },
    });

  return () =>
    polledCard(known, {
      facts: html`<p>${known.answer.value ? factsOf(known.answer.value) : ''}</p>`,
      heading: html`<h2 class="headline" tabindex="-1">${isolated(queue)}</h2>`,
      body: (answer) => html`
        ${warnings(answer)}
        ${queueFigures(answer)}
        <div class="outcome">
          <div class="actions">
            <button type="button" @click=${() => pause(answer.paused)}>${answer.paused ? 'Resume' : 'Pause'}</button>
            <button type="button" @click=${() => openSettings(answer, () => report('The settings are changed.'))}>Settings…</button>
            <button type="button" ?hidden=${answer.deadLetters === 0}
              @click=${() => openRedrive(queue, 'FAILURE', answer.deadLetters, redriven)}>Redrive the dead letters…</button>
            <button type="button" ?hidden=${answer.pending + answer.taken > 0}
              @click=${() => openDelete(answer, leave)}>Delete the queue…</button>
          </div>
          ${outcome(action)}
        </div>
        ${depthChart(queue)}
        ${queueCounters(answer)}
        ${tasks.view()}`,
      absent: 'There is no such queue. A queue begins with its first task.',
    });
}

/**
 * Why nothing goes on, if so.
 *
 * @param {Queue} queue
 */
const warnings = ({ paused, breaker, runner }) => html`
  <p class="staleness" ?hidden=${!paused}>
    Paused: nobody can claim a task, and nothing is run. Tasks can be added, and their deadlines go on.
  </p>
  <p class="staleness" ?hidden=${breaker === 'closed'}>
    ${runner ? new URL(runner.url).host : 'The service'} does not answer. It gets one call at a time until it is back; the
    tasks wait.
  </p>`;

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
