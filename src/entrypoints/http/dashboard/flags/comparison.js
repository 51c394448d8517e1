/**
 * @import { Flag } from '../../../../domain/flags/flag.ts'
 * @import { Change, FlagSet } from './flags.js'
 */

/**
 * @param {FlagSet} set
 * @param {string} key
 */
export const flagOf = ({ flags }, key) => flags.find((flag) => flag.key === key);

/**
 * Whether two flags are the same, in whatever order their fields stand.
 *
 * @param {Flag | null | undefined} one
 * @param {Flag | null | undefined} other
 */
export const isSame = (one, other) => inOrder(one) === inOrder(other);

/** @param {unknown} value of JSON */
export const inOrder = (value) =>
  JSON.stringify(value ?? null, (_, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/**
 * What going back to a revision changes.
 *
 * @param {FlagSet} set
 * @param {readonly Change[]} changes newest first, those after the revision among them
 * @param {number} to
 * @returns {readonly { key: string, now: Flag | undefined, were: Flag | null }[]}
 */
export function changesBack(set, changes, to) {
  /** @type {Map<string, Flag | null>} */
  const were = new Map();
  for (const { revision, key, before } of changes)
    if (revision > to && revision <= set.revision && key !== null) were.set(key, before);
  return [...were]
    .map(([key, flag]) => ({ key, now: flagOf(set, key), were: flag }))
    .filter((each) => !isSame(each.now, each.were))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}
