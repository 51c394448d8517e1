import { apiKey } from './api-key.js';
import { openKeyDialog } from './api-key-dialog.js';
import { html, untracked } from './packages.js';
import { react, show } from './view.js';

/** @import { PageView } from './pages.js' */

/**
 * A page of which everything takes a key: without one it asks for it, and with another one it begins anew.
 *
 * @param {string} title
 * @param {string} words what is said to those without a key
 * @param {(place: HTMLElement, signal: AbortSignal) => PageView} mount
 * @returns {(place: HTMLElement, until: AbortSignal) => PageView}
 */
export const keyedPage = (title, words, mount) => (place, until) => {
  /** @type {string | undefined} */
  let path;
  /** @type {PageView | undefined} */
  let page;
  let end = new AbortController();
  until.addEventListener('abort', () => end.abort());
  react(() => {
    const hasKey = apiKey.value !== undefined;
    end.abort();
    end = new AbortController();
    untracked(() => {
      page = hasKey ? mount(place, end.signal) : pageWithoutKey(title, words, place, end.signal);
      if (path !== undefined) page.show(path);
    });
  }, until);
  return {
    show(next) {
      path = next;
      page?.show(next);
    },
  };
};

/**
 * @param {string} title
 * @param {string} words
 * @param {HTMLElement} place
 * @param {AbortSignal} until
 * @returns {PageView}
 */
function pageWithoutKey(title, words, place, until) {
  document.title = `${title} – Portside`;
  show(
    () => html`
      <h1 class="visually-hidden">${title}</h1>
      <div class="empty">
        <p>${words}</p>
        <button class="primary" type="button" @click=${openKeyDialog}>Enter the API key</button>
      </div>`,
    place,
    until,
  );
  return { show() {} };
}
