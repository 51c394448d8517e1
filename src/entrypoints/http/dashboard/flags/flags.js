import { Problem, pageQuery, request } from '../service.js';
import { flagOf, isSame } from './comparison.js';

/**
 * @import { Static } from 'typebox'
 * @import { Flag } from '../../../../domain/flags/flag.ts'
 * @import * as schemas from '../../flags/schemas.ts'
 *
 * @typedef {Static<typeof schemas.SetList>['flagSets'][number]} FlagSetSummary
 * @typedef {Omit<Static<typeof schemas.FlagSetBody>, 'flags'> & { flags: readonly Flag[] }} FlagSet
 * @typedef {Static<typeof schemas.History>['history'][number]} Change
 * @typedef {Omit<Flag, 'key'>} FlagDefinition
 */

/**
 * @param {string} setId
 * @param {string} [key] of a flag
 */
const pathOf = (setId, key) =>
  `flag-sets/${encodeURIComponent(setId)}${key === undefined ? '' : `/flags/${encodeURIComponent(key)}`}`;

/** @param {number} revision of the set as it was seen */
const asSeen = (revision) => ({ 'if-match': `"${revision}"` });

/**
 * A page of the sets.
 *
 * @param {string} [cursor]
 */
export async function listFlagSets(cursor) {
  const { body } = await request('GET', `flag-sets?${pageQuery(cursor)}`, { withKey: true });
  const { flagSets, nextCursor } = /** @type {Static<typeof schemas.SetList>} */ (body);
  return { items: flagSets, nextCursor };
}

/**
 * Reads a set with its flags, which are sent again only when it has another revision.
 *
 * @param {string} setId
 * @returns {(signal?: AbortSignal) => Promise<FlagSet>}
 */
export function flagSetReader(setId) {
  /** @type {FlagSet | undefined} */
  let last;
  return async (signal) => {
    const headers = /** @type {Record<string, string>} */ (last ? { 'if-none-match': `"${last.revision}"` } : {});
    const { status, body } = await request('GET', pathOf(setId), { withKey: true, headers, signal });
    if (status !== 304 || !last) last = /** @type {FlagSet} */ (body);
    return last;
  };
}

/** @param {{ setId?: string, title?: string }} draft */
export const createFlagSet = async (draft) =>
  /** @type {FlagSet} */ ((await request('POST', 'flag-sets', { body: draft, withKey: true })).body);

/** @param {FlagSet} set as it was seen */
export const deleteFlagSet = ({ setId, revision }) =>
  request('DELETE', pathOf(setId), { headers: asSeen(revision), withKey: true });

/**
 * @param {string} setId
 * @param {string} [cursor]
 */
export async function listHistory(setId, cursor) {
  const { body } = await request('GET', `${pathOf(setId)}/history?${pageQuery(cursor, 20)}`, { withKey: true });
  const { history, nextCursor } = /** @type {Static<typeof schemas.History>} */ (body);
  return { items: history, nextCursor };
}

/**
 * Somebody else has changed a flag since it was seen.
 */
export class Conflict extends Problem {
  /** @param {FlagSet} set as it is now */
  constructor(set) {
    super('Somebody else has changed this flag meanwhile, so nothing was changed. Look at it, and try again.', {
      status: 412,
    });
    this.set = set;
  }
}

/** How often a change is tried again because others have changed other flags of the set. */
const TRIES = 5;

/**
 * Changes a flag if it is as it was seen. That others have changed other flags meanwhile is no reason against it.
 *
 * @param {FlagSet} set as it was seen
 * @param {string} key
 * @param {{ put: FlagDefinition } | 'delete'} change
 * @param {string} [reason]
 * @returns {Promise<FlagSet>} as it is then
 * @throws {Conflict} where the flag is another, or there is or is none
 */
export async function changeFlag(set, key, change, reason) {
  const why = reason ? { reason } : {};
  const read = flagSetReader(set.setId);
  let { revision } = set;
  for (let tries = 1; ; tries++)
    try {
      if (change === 'delete')
        await request('DELETE', pathOf(set.setId, key), { body: why, headers: asSeen(revision), withKey: true });
      else {
        const body = { ...change.put, ...why };
        await request('PUT', pathOf(set.setId, key), { body, headers: asSeen(revision), withKey: true });
      }
      return read();
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error;
      const now = await read();
      if (tries === TRIES || !isSame(flagOf(now, key), flagOf(set, key))) throw new Conflict(now);
      revision = now.revision;
    }
}

/**
 * Makes a set again what it was.
 *
 * @param {FlagSet} set as it was seen
 * @param {number} to a revision
 */
export const revertFlagSet = async ({ setId, revision }, to) =>
  /** @type {FlagSet} */ (
    (
      await request('POST', `${pathOf(setId)}/revert`, {
        body: { to },
        headers: asSeen(revision),
        withKey: true,
      })
    ).body
  );
