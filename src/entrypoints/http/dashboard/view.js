import { effect, render, signal } from './packages.js';

/** @import { Html } from './packages.js' */

/**
 * Does something now, and again whenever a signal changes that it reads.
 *
 * @param {() => void} act
 * @param {AbortSignal} [until] ends it
 */
export function react(act, until) {
  const end = effect(act);
  until?.addEventListener('abort', end);
}

/**
 * Shows a view in a place, and shows it anew whenever a signal changes that the view reads.
 *
 * @param {() => Html | string} view
 * @param {HTMLElement} place which holds nothing else
 * @param {AbortSignal} [until] ends it
 */
export const show = (view, place, until) => react(() => void render(view(), place), until);

/** Counts seconds while somebody reads it. */
const seconds = signal(0, {
  watched() {
    timer = setInterval(() => seconds.value++, 1_000);
  },
  unwatched() {
    clearInterval(timer);
  },
});
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/**
 * How long ago something was, ms. A view that asks is shown anew every second.
 *
 * @param {number} moment by `performance.now()`
 */
export function elapsedSince(moment) {
  void seconds.value;
  return performance.now() - moment;
}

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`There is no element "${id}".`);
  return found;
}
