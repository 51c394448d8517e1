import { AsyncDirective, directive, effect, nothing, render, signal } from './packages.js';

/** @import { Content, Html } from './packages.js' */

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
export function show(view, place, until) {
  react(() => void render(view(), place), until);
  // Parts that are shown apart end with what stands around them.
  until?.addEventListener('abort', () => render(nothing, place));
}

/**
 * A part of a view that is shown anew by itself whenever a signal changes that it reads. What stands around it stays as it
 * is: a figure that changes every second is best such a part, and so is a long list.
 *
 * @type {(view: () => Content) => ReturnType<ReturnType<typeof directive>>}
 */
export const apart = directive(
  class extends AsyncDirective {
    #end = () => {};

    /** @param {() => Content} view */
    render(view) {
      this.#end();
      let isFirst = true;
      /** @type {Content} */
      let first = nothing;
      this.#end = effect(() => {
        const made = view();
        if (isFirst) first = made;
        else this.setValue(made);
      });
      isFirst = false;
      return first;
    }

    /** @override */
    disconnected() {
      this.#end();
    }
  },
);

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

/**
 * Moves the focus, if there is anything to move it to.
 *
 * @param {string} selector
 * @param {ParentNode} [within]
 */
export function focusOn(selector, within = document) {
  const found = within.querySelector(selector);
  if (found instanceof HTMLElement) found.focus();
}

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`There is no element "${id}".`);
  return found;
}
