import { figure } from '../figures.js';
import { formatClock, formatCount, formatDuration, formatRate } from '../format.js';
import { html, nothing } from '../packages.js';
import { elapsedSince } from '../view.js';

/**
 * @import { Results } from './polls.js'
 * @import { VoteRate } from './vote-rate.js'
 * @import { WatchedPoll } from './watched-poll.js'
 */

/**
 * What is to be known of the votes as a whole: how many, how fast they come, and how fresh all of it is.
 *
 * @param {WatchedPoll} watched
 * @param {Results} results
 * @param {VoteRate} rate
 */
export function figures({ asOf: { value: asOf } }, { status, total, ballots, lagMs }, { perSecond, history }) {
  // Where no votes come, or nobody may know how many, there is nothing to say of their speed.
  const isMoving = status === 'open' && total !== null;
  const ageMs = elapsedSince(asOf.at);
  return html`
    <dl class="figures">
      ${figure('Votes', total === null ? 'Hidden' : formatCount(total), nothing, true)}
      ${ballots === total ? nothing : figure('Ballots', formatCount(ballots), 'the turnout')}
      ${isMoving ? figure('Votes per second', perSecond === undefined ? '–' : formatRate(perSecond), sparkline(history)) : nothing}
      ${figure('As of', formatClock(asOf.iso), ageMs < 1_500 ? 'just now' : `${formatDuration(ageMs)} ago`)}
      ${isMoving ? figure('Delay', lagMs === null ? '–' : formatDuration(lagMs), 'from vote to tally') : nothing}
    </dl>`;
}

const POINTS = 60;
const HEIGHT = 20;

/**
 * A line of the last minute, the newest value at its right end.
 *
 * @param {readonly number[]} values up to 60
 */
function sparkline(values) {
  const highest = Math.max(1, ...values);
  const start = POINTS - values.length + 0.5;
  const points = values.map((value, index) => `${start + index},${HEIGHT - 1 - (value / highest) * (HEIGHT - 2)}`);
  return html`
    <svg class="sparkline" viewBox="0 0 ${POINTS} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      <polyline points=${points.join(' ')} />
    </svg>`;
}
