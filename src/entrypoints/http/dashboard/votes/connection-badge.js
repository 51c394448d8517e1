import { badge } from '../badge.js';
import { formatClock, formatInstant } from '../format.js';
import { html, nothing } from '../packages.js';
import { elapsedSince } from '../view.js';
import { isCounting } from './polls.js';

/**
 * @import { Results } from './polls.js'
 * @import { WatchedPoll } from './watched-poll.js'
 */

/** From this delay on the figures are said to catch up. */
const CATCHING_UP_MS = 2_000;
/** A tally that has not moved for so long has caught up, or waits for votes: its last delay tells nothing any more. */
const MOVED_LATELY_MS = 15_000;
/** From this age on a time of day needs its date. */
const HALF_A_DAY_MS = 43_200_000;

const WORDS = { connecting: 'Connecting', live: 'Live', polling: 'Polling every 2 s' };

/**
 * Says how far the figures of a poll can be trusted at this moment.
 *
 * @param {WatchedPoll} watched
 * @param {Results} results
 */
export function connectionBadge({ problem, isTrusted, connection, movedAt }, results) {
  const { stale, lagMs, status } = results;
  if (problem.value) return badge('lost', 'Connection lost');
  const isLate = (lagMs ?? 0) > CATCHING_UP_MS && elapsedSince(movedAt.value) < MOVED_LATELY_MS;
  if (isTrusted.value && (stale || isLate)) return badge('catching-up', 'Catching up');
  // Where no votes come it does not matter how they would.
  const rests = status === 'open' ? undefined : isCounting(results) ? 'Counting' : 'Up to date';
  return badge(connection.value, (isTrusted.value && rests) || WORDS[connection.value]);
}

/**
 * How far stale results are complete. The badge is read out when it changes, and this changes too often for that.
 *
 * @param {Results} results
 */
export const staleness = ({ stale, completeUpTo }) =>
  stale
    ? html`<p class="staleness">Catching up: complete up to ${time(completeUpTo)}. Later votes may be missing.</p>`
    : nothing;

/** @param {string} iso */
const time = (iso) => (Date.now() - Date.parse(iso) < HALF_A_DAY_MS ? formatClock(iso) : formatInstant(iso));
