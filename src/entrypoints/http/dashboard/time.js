/**
 * Resolves after `ms`, or at once when the signal ends.
 *
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export const delay = (ms, signal) =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });

/**
 * Does something again and again.
 *
 * @param {number} ms
 * @param {() => void} act
 * @param {AbortSignal} until ends it
 */
export function every(ms, act, until) {
  const timer = setInterval(act, ms);
  until.addEventListener('abort', () => clearInterval(timer));
}

const LONGEST_PAUSE_MS = 5_000;

/**
 * How long to wait before asking again, ever longer. Many viewers lose a connection at the same moment; they should not
 * come back at the same moment.
 *
 * @param {number} failures in a row so far
 */
export const pauseMs = (failures) => Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** failures) * (0.5 + Math.random() / 2);

const DAY_MS = 86_400_000;

/**
 * The moments that a date and time in the viewer's zone can mean: one, or none where clocks skip it, or two where they
 * are set back.
 *
 * @param {string} text as a field of the type `datetime-local` gives it
 * @returns {number[]} epoch ms, the earlier first
 */
export function momentsOf(text) {
  const asUtc = Date.parse(`${text}Z`);
  const behindMs = (/** @type {number} */ at) => new Date(at).getTimezoneOffset() * 60_000;
  const candidates = new Set([asUtc - DAY_MS, asUtc + DAY_MS].map((near) => asUtc + behindMs(near)));
  return [...candidates].filter((at) => at - behindMs(at) === asUtc).sort((one, other) => one - other);
}
