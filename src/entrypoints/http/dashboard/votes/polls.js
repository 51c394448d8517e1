import { Problem, pageQuery, request } from '../service.js';
import { delay } from '../time.js';

/**
 * @import { Static } from 'typebox'
 * @import * as schemas from '../../votes/schemas.ts'
 *
 * What an older service does not say is optional.
 *
 * @typedef {Static<typeof schemas.PollBody> & LaterFields} Poll
 * @typedef {Static<typeof schemas.ResultsBody> & Freshness} Results
 * @typedef {Static<typeof schemas.ClosedPoll> & { audit: Audit }} ClosedPoll
 * @typedef {Static<typeof schemas.RecountBody>} Recount
 * @typedef {Static<typeof schemas.NewPoll>} NewPoll
 * @typedef {Static<typeof schemas.NewVote>} NewVote
 *
 * @typedef {object} LaterFields
 * @property {string[]} [channels] by which votes may come
 * @property {string} [closedAt]
 * @property {string} [closedBy] the name of a key, `token` or `schedule`
 * @property {boolean} [final]
 * @property {Audit} [audit] once the poll is final
 *
 * @typedef {object} Audit
 * @property {number} ballots
 * @property {number} shards
 * @property {number} tally
 * @property {number} drift
 * @property {string} [at]
 * @property {number} [doubleVoters] who voted in more than one region
 * @property {string[]} [withoutRegions] whose votes the count did not wait for
 *
 * @typedef {object} Freshness
 * @property {string} [completeUpTo] every vote answered before it is in the tally
 * @property {boolean} [stale]
 * @property {boolean} [final] whether the count is over
 * @property {number} [ballots] the turnout, also while the results are hidden
 * @property {readonly { region: string, open: boolean }[]} [regions] where there are several
 */

const VOTE_ATTEMPTS = 4;
const VOTE_RETRY_MS = 500;
/** A close may take 20 s to audit; waiting a little longer tells how it ended. */
const CLOSE_TIMEOUT_MS = 30_000;

/** @param {string} pollId */
const pathOf = (pollId) => `polls/${encodeURIComponent(pollId)}`;

/**
 * A page of the polls, newest first.
 *
 * @param {string} [cursor]
 */
export async function listPolls(cursor) {
  const { body } = await request('GET', `polls?${pageQuery(cursor)}`);
  const { polls, nextCursor } = /** @type {Static<typeof schemas.PollList>} */ (body);
  return { items: polls, nextCursor };
}

/**
 * @param {string} pollId
 * @param {AbortSignal} signal
 * @returns {Promise<Poll>}
 */
export const readPoll = async (pollId, signal) =>
  /** @type {Poll} */ ((await request('GET', pathOf(pollId), { signal })).body);

/** @param {string} pollId */
export const resultsPath = (pollId) => `${pathOf(pollId)}/results`;

/**
 * @param {NewPoll} poll
 * @returns {Promise<Poll>}
 */
export const createPoll = async (poll) =>
  /** @type {Poll} */ ((await request('POST', 'polls', { body: poll, withKey: true })).body);

/**
 * @param {string} pollId
 * @returns {Promise<ClosedPoll>}
 */
export const closePoll = async (pollId) =>
  /** @type {ClosedPoll} */ (
    (await request('POST', `${pathOf(pollId)}/close`, { withKey: true, timeoutMs: CLOSE_TIMEOUT_MS })).body
  );

/**
 * @param {string} pollId
 * @returns {Promise<Recount>}
 */
export const recountPoll = async (pollId) =>
  /** @type {Recount} */ (
    (await request('POST', `${pathOf(pollId)}/recount`, { withKey: true, timeoutMs: CLOSE_TIMEOUT_MS })).body
  );

/**
 * Casts one vote. Where the answer got lost or asks for patience it is sent again under the same key, so that it
 * counts once however often it arrives.
 *
 * @param {string} pollId
 * @param {NewVote} vote
 * @param {string} idempotencyKey
 * @throws {Problem} the last one; casting again with the same key is safe
 */
export async function castVote(pollId, vote, idempotencyKey) {
  for (let attempt = 1; ; attempt++) {
    try {
      await request('POST', `${pathOf(pollId)}/votes`, { body: vote, headers: { 'idempotency-key': idempotencyKey } });
      return;
    } catch (error) {
      if (!(error instanceof Problem && error.isPassing) || attempt === VOTE_ATTEMPTS) throw error;
      await delay(Math.max(error.retryAfterMs, VOTE_RETRY_MS * 2 ** (attempt - 1)));
    }
  }
}
