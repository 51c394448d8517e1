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
 * Many viewers lose a connection at the same moment; they should not come back at the same moment.
 *
 * @param {number} ms
 */
export const jittered = (ms) => ms * (0.5 + Math.random() / 2);
