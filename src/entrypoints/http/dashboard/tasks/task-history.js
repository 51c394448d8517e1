import { formatDuration, formatInstant } from '../format.js';
import { html, nothing } from '../packages.js';
import { isolated } from '../text.js';

/**
 * @import { Task } from './tasks.js'
 * @typedef {Task['history'][number]} AttemptEnd
 */

/** The service keeps so many ends of attempts. */
const KEPT = 20;
const OUTCOMES = {
  succeeded: 'succeeded',
  failed: 'failed',
  released: 'was given back',
  expired: 'lost its lease, since nothing more was heard of it,',
  cancelled: 'was cancelled',
};

/**
 * What the service knows of a task's past and future, in the order of time.
 *
 * @param {Task} task
 */
export function taskHistory(task) {
  // Times of the service are in one zone and of one form, so they sort as text. What has the same time stays in its order.
  const entries = [...pastOf(task), ...futureOf(task)].sort(([one], [other]) =>
    one < other ? -1 : one > other ? 1 : 0,
  );
  return html`
    <section aria-labelledby="history-title">
      <h3 id="history-title">History</h3>
      <ol class="history">${entries.map(
        ([at, words]) => html`
          <li>
            <time datetime=${at}>${formatInstant(at)}</time>
            <span class="history-words">${isolated(words)}</span>
          </li>`,
      )}</ol>
      ${task.history.length < KEPT ? nothing : html`<p class="hint">Of its attempts the last ${KEPT} are known.</p>`}
    </section>`;
}

/** @typedef {readonly [at: string, words: string]} Entry */

/**
 * @param {Task} task
 * @returns {Entry[]}
 */
function pastOf(task) {
  const { status, attempt, maxAttempts, createdAt, claimedAt, worker, finishedAt, history } = task;
  /** @type {Entry[]} */
  const entries = [[createdAt, 'Enqueued']];
  for (const end of history) entries.push([end.endedAt, wordsOf(end, maxAttempts)]);
  // Of an attempt that has not ended, or that a version ended which kept no history.
  if (claimedAt !== undefined && !history.some((end) => end.claimedAt === claimedAt))
    entries.push([claimedAt, `Claimed${by(worker)}: attempt ${attempt} of ${maxAttempts}`]);
  if (finishedAt !== undefined) entries.push([finishedAt, endOf(status, task)]);
  return entries;
}

/**
 * @param {Task} task
 * @returns {Entry[]}
 */
function futureOf({ status, attempt, createdAt, notBefore, leaseUntil, expiresAt, isAbandoned }) {
  /** @type {Entry[]} */
  const entries = [];
  if (status === 'PENDING' && notBefore > createdAt)
    entries.push([notBefore, attempt === 0 ? 'May be claimed from here on' : 'May be tried again from here on']);
  if (leaseUntil !== undefined)
    entries.push([
      leaseUntil,
      isAbandoned
        ? 'The lease ran out: nobody works on it until it is claimed again'
        : 'The lease ends here, unless it is extended',
    ]);
  if (status === 'PENDING' || status === 'TAKEN')
    entries.push([expiresAt, 'Deadline: shed if nobody has claimed it by here']);
  return entries;
}

/**
 * How an attempt ended, and why.
 *
 * @param {AttemptEnd} end
 * @param {number} maxAttempts
 */
function wordsOf({ attempt, claimedAt, endedAt, worker, outcome, error }, maxAttempts) {
  const took = formatDuration(Math.max(0, Date.parse(endedAt) - Date.parse(claimedAt)));
  const words = `Attempt ${attempt} of ${maxAttempts}${by(worker)} ${OUTCOMES[/** @type {keyof typeof OUTCOMES} */ (outcome)]} after ${took}`;
  return error === undefined ? words : `${words}: ${error}`;
}

/**
 * @param {string} status
 * @param {Task} task
 */
function endOf(status, { attempt, maxAttempts, shedReason, error }) {
  if (status === 'SUCCESS') return 'Succeeded';
  if (status === 'CANCELLED') return 'Cancelled';
  if (status === 'SHED')
    return shedReason === 'expired' ? 'Shed: it was not done by its deadline' : `Shed: ${shedReason}`;
  const why = attempt >= maxAttempts ? 'that was its last attempt' : 'it was not to be tried again';
  return `Failed for good, ${why}${error === undefined ? '' : `: ${error}`}`;
}

/** @param {string | undefined} worker as it called itself */
const by = (worker) => (worker === undefined ? '' : ` by ${worker}`);
