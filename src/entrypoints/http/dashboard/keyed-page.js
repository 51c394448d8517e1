import { apiKey } from './api-key.js';
import { openKeyDialog } from './api-key-dialog.js';
import { html, untracked } from './packages.js';
import { react, show } from './view.js';

/** @import { Page, PageView } from './pages.js' */

/**
 * A page of which everything takes a key: with another one it begins anew.
 *
 * @template {string} Name
 * @param {object} parts
 * @param {Name} parts.name
 * @param {string} parts.title
 * @param {string} parts.withoutKey what is said to viewers without a key
 * @param {Page['mount']} parts.mount builds the page for one with a key
 */
export const keyedPage = ({ name, title, withoutKey, mount: mountWithKey }) => ({
  name,
  title,
  mount(/** @type {HTMLElement} */ place, /** @type {AbortSignal} */ until) {
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
        page = hasKey ? mountWithKey(place, end.signal) : pageWithoutKey(title, withoutKey, place, end.signal);
        if (path !== undefined) page.show(path);
      });
    }, until);
    return {
      show(/** @type {string} */ next) {
        path = next;
        page?.show(next);
      },
    };
  },
});

/**
 * @param {string} title
 * @param {string} text
 * @param {HTMLElement} place
 * @param {AbortSignal} until
 * @returns {PageView}
 */
function pageWithoutKey(title, text, place, until) {
  document.title = `${title} – Portside`;
  show(
    () => html`
      <h1 class="visually-hidden">${title}</h1>
      <div class="empty">
        <p>${text}</p>
        <button class="primary" type="button" @click=${openKeyDialog}>Enter the API key</button>
      </div>`,
    place,
    until,
  );
  return { show() {} };
}
