import { signal } from '../packages.js';
import { every } from '../time.js';

/**
 * @import { WatchedPoll } from './watched-poll.js'
 *
 * @typedef {object} VoteRate in votes per second
 * @property {number | undefined} perSecond the average of the last seconds; undefined while nothing is known
 * @property {readonly number[]} history each of the last 60 seconds that are known, the newest last
 */

const HISTORY = 60;
/** A whole number of polling intervals, so that polled results give a steady figure. */
const AVERAGED = 6;

/**
 * Measures how fast votes come.
 *
 * @param {WatchedPoll} watched
 * @param {AbortSignal} until ends it
 */
export function voteRate({ isTrusted, results }, until) {
  const rate = signal(/** @type {VoteRate} */ ({ perSecond: undefined, history: [] }));
  /** @type {{ total: number, at: number } | undefined} */
  let before;
  const measure = () => {
    const total = isTrusted.value ? results.value?.total : undefined;
    const now = total === undefined || total === null ? undefined : { total, at: performance.now() };
    let { history } = rate.value;
    let perSecond;
    // What came after a pause came at an unknown time. A total that falls is another count: a recount, or a new service.
    if (before && now && now.total >= before.total) {
      history = [...history, (1_000 * (now.total - before.total)) / (now.at - before.at)].slice(-HISTORY);
      const recent = history.slice(-AVERAGED);
      perSecond = recent.reduce((sum, each) => sum + each, 0) / recent.length;
    }
    before = now;
    rate.value = { perSecond, history };
  };
  every(1_000, measure, until);
  return rate;
}
