/**
 * Which of some requests a rate lets pass: the token bucket of the service.
 *
 * @param {{ requests: number, perSeconds: number, burst: number }} rate whole numbers
 * @param {readonly number[]} arrivals in ms, in their order; the bucket is full before the first
 * @returns {boolean[]} for each whether it passes
 */
export function simulate({ requests, perSeconds, burst }, arrivals) {
  // In units of which a millisecond has `requests` and a request takes `perSeconds` × 1,000, so that nothing is rounded.
  const cost = perSeconds * 1_000;
  let fullAt = Number.NEGATIVE_INFINITY;
  return arrivals.map((ms) => {
    const now = ms * requests;
    const next = Math.max(fullAt, now) + cost;
    if (next > now + burst * cost) return false;
    fullAt = next;
    return true;
  });
}

/**
 * @param {number} count
 * @param {number} seconds in which they arrive, evenly spaced
 * @returns {number[]} ms
 */
export const evenly = (count, seconds) =>
  Array.from({ length: count }, (_, at) => Math.floor((at * seconds * 1_000) / count));
