import { formatShare, formatVotes } from '../format.js';
import { html, signal } from '../packages.js';
import { isolated } from '../text.js';
import { every } from '../time.js';
import { react } from '../view.js';
import { shownShares } from './shares.js';

/**
 * @import { Content } from '../packages.js'
 * @import { Results } from './polls.js'
 * @import { WatchedPoll } from './watched-poll.js'
 */

/** Figures that change are read out at most this often, or nobody could listen to anything else. */
const INTERVAL_MS = 20_000;
const CHOICES_NAMED = 3;

/**
 * What people who do not see the figures are told of them.
 *
 * @param {WatchedPoll} watched
 * @param {AbortSignal} until ends it
 */
export function announcedFigures({ results }, until) {
  const words = signal(/** @type {Content} */ (''));
  /** What was said last. The first figures are read with the page. @type {number | null | undefined} */
  let saidTotal;
  react(() => {
    if (saidTotal === undefined) saidTotal = results.value?.total;
  }, until);
  const say = () => {
    const known = results.value;
    if (!known || known.total === null || known.total === saidTotal) return;
    saidTotal = known.total;
    words.value = html`${formatVotes(known.total)}.${leading(known)}`;
  };
  every(INTERVAL_MS, say, until);
  return words;
}

/** @param {Results} results */
function leading(results) {
  const shares = shownShares(results);
  return results.choices
    .map(({ choice, votes }, index) => ({ choice, votes: votes ?? 0, share: shares[index] ?? 0 }))
    .sort((one, other) => other.votes - one.votes)
    .slice(0, CHOICES_NAMED)
    .map(({ choice, share }) => html` ${isolated(choice)} ${formatShare(share)}.`);
}
