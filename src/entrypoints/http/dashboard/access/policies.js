import { Problem, pageQuery, request } from '../service.js';

/**
 * @import { Static } from 'typebox'
 * @import * as schemas from '../../access/schemas.ts'
 *
 * @typedef {Static<typeof schemas.PolicyBody>} Policy
 * @typedef {Static<typeof schemas.DecisionBody>} Decision
 * @typedef {Static<typeof schemas.Question>} Question
 */

/**
 * Subjects may hold anything, and what is between this page and the service may change a slash on its way.
 *
 * @param {string} subject
 */
function pathOf(subject) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(subject));
  return `policies/~${btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** @param {Policy | undefined} policy as somebody saw it: it is changed only if it still is as it was */
const asSeen = (policy) =>
  /** @type {Record<string, string>} */ (
    policy === undefined ? { 'if-none-match': '*' } : { 'if-match': `"${policy.revision}"` }
  );

/**
 * A page of the policies.
 *
 * @param {string} [cursor]
 */
export async function listPolicies(cursor) {
  const { body } = await request('GET', `policies?${pageQuery(cursor)}`, { withKey: true });
  const { policies, nextCursor } = /** @type {Static<typeof schemas.PolicyList>} */ (body);
  return { items: policies, nextCursor };
}

/**
 * @param {string} subject
 * @param {AbortSignal} [signal]
 * @returns {Promise<Policy | undefined>} undefined where there is none
 */
export async function findPolicy(subject, signal) {
  try {
    return /** @type {Policy} */ ((await request('GET', pathOf(subject), { withKey: true, signal })).body);
  } catch (error) {
    if (error instanceof Problem && error.isAbsence) return undefined;
    throw error;
  }
}

/**
 * @param {string} subject
 * @param {{ allow: readonly string[], deny: readonly string[] }} statements
 * @param {Policy} [seen] what is there now; nothing, if it is to be new
 */
export const putPolicy = async (subject, statements, seen) =>
  /** @type {Policy} */ (
    (await request('PUT', pathOf(subject), { body: statements, headers: asSeen(seen), withKey: true })).body
  );

/** @param {Policy} policy as it was seen */
export const deletePolicy = async (policy) =>
  /** @type {Policy} */ (
    (await request('DELETE', pathOf(policy.subject), { headers: asSeen(policy), withKey: true })).body
  );

/**
 * Asks what would decide about a request.
 *
 * @param {Question} question
 */
export const explain = async (question) =>
  /** @type {Decision} */ ((await request('POST', 'policies/decisions', { body: question, withKey: true })).body);
