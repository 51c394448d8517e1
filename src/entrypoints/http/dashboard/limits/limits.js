import { pageQuery, request } from '../service.js';

/**
 * @import { Static } from 'typebox'
 * @import * as schemas from '../../limits/schemas.ts'
 *
 * @typedef {Static<typeof schemas.LimitBody>} Limit
 * @typedef {Static<typeof schemas.NewLimit>} LimitDraft
 */

/** @param {string} policyId */
const pathOf = (policyId) => `limits/${encodeURIComponent(policyId)}`;

/**
 * A page of the limits.
 *
 * @param {string} [cursor]
 */
export async function listLimits(cursor) {
  const { body } = await request('GET', `limits?${pageQuery(cursor)}`, { withKey: true });
  const { limits, nextCursor } = /** @type {Static<typeof schemas.LimitList>} */ (body);
  return { items: limits, nextCursor };
}

/**
 * @param {string} policyId
 * @param {AbortSignal} signal
 * @returns {Promise<Limit & { etag: string }>} with the name of its settings as they are now
 */
export async function readLimit(policyId, signal) {
  const { body, headers } = await request('GET', pathOf(policyId), { withKey: true, signal });
  return { .../** @type {Limit} */ (body), etag: headers.get('etag') ?? '*' };
}

/**
 * Sets a limit, if it is still as it was seen.
 *
 * @param {string} policyId
 * @param {LimitDraft} draft
 * @param {string} [etag] of the settings as they were seen; there must be none yet without
 */
export const putLimit = async (policyId, draft, etag) =>
  /** @type {Limit} */ (
    (
      await request('PUT', pathOf(policyId), {
        body: draft,
        withKey: true,
        headers: etag === undefined ? { 'if-none-match': '*' } : { 'if-match': etag },
      })
    ).body
  );

/** @param {string} policyId */
export const deleteLimit = (policyId) => request('DELETE', pathOf(policyId), { withKey: true });
