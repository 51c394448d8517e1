import { Problem, pageQuery, request } from '../service.js';
import { delay } from '../time.js';

/**
 * @import { Static } from 'typebox'
 * @import * as schemas from '../../votes/schemas.ts'
 *
 * @typedef {Static<typeof schemas.PollBody>} Poll
 * @typedef {Static<typeof schemas.ResultsBody>} Results
 * @typedef {Static<typeof schemas.ClosedPoll>} ClosedPoll
 * @typedef {Static<typeof schemas.RecountBody>} Recount
 * @typedef {Static<typeof schemas.NewPoll>} NewPoll
 * @typedef {Static<typeof schemas.NewVote>} NewVote
 */

/** What each status is called, in the order in which polls are listed. @type {Readonly<Record<string, string>>} */
export const STATUS_WORDS = { open: 'Open', scheduled: 'Not open yet', closed: 'Closed' };

/**
 * Whether a poll takes no votes any more, and not all of them are counted yet.
 *
 * @param {{ status: string, final?: boolean }} state
 */
export const isCounting = ({ status, final }) => status === 'closed' && final === false;

const VOTE_ATTEMPTS = 4;
const VOTE_RETRY_MS = 500;
/** A close may take 20 s to audit; waiting a little longer tells how it ended. */
const COUNT_TIMEOUT_MS = 30_000;

/** @param {string} pollId */
const pathOf = (pollId) => `polls/${encodeURIComponent(pollId)}`;

/** @param {string} pollId */
export const resultsPath = (pollId) => `${pathOf(pollId)}/results`;

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
 */
export const readPoll = async (pollId, signal) =>
  /** @type {Poll} */ ((await request('GET', pathOf(pollId), { signal })).body);

/** @param {NewPoll} poll */
export const createPoll = async (poll) =>
  /** @type {Poll} */ ((await request('POST', 'polls', { body: poll, withKey: true })).body);

/** @param {string} pollId */
export const closePoll = async (pollId) => /** @type {ClosedPoll} */ (await count(pollId, 'close'));

/** @param {string} pollId */
export const recountPoll = async (pollId) => /** @type {Recount} */ (await count(pollId, 'recount'));

/**
 * @param {string} pollId
 * @param {'close' | 'recount'} how
 */
const count = async (pollId, how) =>
  (await request('POST', `${pathOf(pollId)}/${how}`, { withKey: true, timeoutMs: COUNT_TIMEOUT_MS })).body;

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
