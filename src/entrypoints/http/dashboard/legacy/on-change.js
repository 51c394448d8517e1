import { untracked } from '../packages.js';
import { react } from '../view.js';

/**
 * @param {{ readonly value: unknown }} state a signal
 * @param {() => void} listener called whenever it changes
 * @param {AbortSignal} signal ends it
 */
export function onChange(state, listener, signal) {
  let isFirst = true;
  react(() => {
    void state.value;
    if (!isFirst) untracked(listener);
    isFirst = false;
  }, signal);
}
