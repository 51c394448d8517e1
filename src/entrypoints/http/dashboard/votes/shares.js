/** @import { Results } from './polls.js' */

/**
 * The shares of the choices as they are shown, in whole tenths of a percent.
 *
 * @param {Results} results
 * @returns {readonly (number | null)[]} fractions; null while they are hidden
 */
export function shownShares({ total, ballots, choices }) {
  const votes = choices.map((choice) => choice.votes);
  // Shares of ballots with several choices add up to more than everything.
  if ((ballots !== undefined && ballots !== total) || votes.includes(null)) return choices.map(({ share }) => share);
  return apportioned(/** @type {number[]} */ (votes));
}

/**
 * Shares in whole tenths of a percent that add up to 100 %: each is rounded down, and what is missing then goes to those
 * that lost most by it (the method of the largest remainder).
 *
 * @param {readonly number[]} votes
 * @returns {number[]} fractions; 0 where there are no votes
 */
function apportioned(votes) {
  const total = votes.reduce((sum, count) => sum + count, 0);
  if (total === 0) return votes.map(() => 0);
  const tenths = votes.map((count) => Math.floor((1_000 * count) / total));
  const missing = 1_000 - tenths.reduce((sum, tenth) => sum + tenth, 0);
  const lost = votes.map((count, index) => ({ index, rest: (1_000 * count) % total }));
  const rounded = lost.sort((one, other) => other.rest - one.rest || one.index - other.index).slice(0, missing);
  const up = new Set(rounded.map(({ index }) => index));
  return tenths.map((tenth, index) => (tenth + (up.has(index) ? 1 : 0)) / 1_000);
}
