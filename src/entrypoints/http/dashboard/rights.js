import * as domain from './domain.js';
import { viewer } from './viewer.js';

const { isMatch, readStatement } = /** @type {typeof import('../../../domain/shared/route-statement.ts')} */ (
  /** @type {unknown} */ (domain)
);

/**
 * Whether the viewer may send a request, as far as is known: what the service says counts.
 *
 * @param {string} method
 * @param {readonly string[]} segments of the path, decoded
 */
export function may(method, ...segments) {
  if (!viewer.value) return true;
  const speaks = (/** @type {string} */ text) => {
    const statement = readStatement(text);
    return typeof statement !== 'string' && isMatch(statement, method, segments);
  };
  return viewer.value.allow.some(speaks) && !viewer.value.deny.some(speaks);
}
