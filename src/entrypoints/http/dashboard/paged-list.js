import { batch, html, signal } from './packages.js';
import { Problem } from './service.js';
import { every } from './time.js';

/** @import { Content } from './packages.js' */

/** Pages without anything on them, which a store may give, that are passed at once. */
const MAX_EMPTY_PAGES = 50;
/** Pages that are loaded where all of them are wanted. */
const ALL_PAGES = 100;

/**
 * A list that the service gives page by page, kept up to date while somebody sees it.
 *
 * @template Item
 */
export class PagedList {
  /** Those that are loaded; undefined before the first answer. */
  items = signal(/** @type {readonly Item[] | undefined} */ (undefined));
  /** Whether the service has no further pages. */
  isWhole = signal(true);
  /** Why the list is not up to date, if so. */
  problem = signal(/** @type {Problem | undefined} */ (undefined));
  #load;
  #until;
  #pages = 1;
  #wantsAll = false;
  #refreshes = 0;
  /** Refreshes that have not been answered yet. */
  #pending = 0;

  /**
   * @param {(cursor?: string) => Promise<{ items: readonly Item[], nextCursor?: string | undefined }>} load asks for a page
   * @param {number} refreshMs
   * @param {AbortSignal} until ends it
   */
  constructor(load, refreshMs, until) {
    this.#load = load;
    this.#until = until;
    // Where answers take longer than the interval, a new refresh each time would leave none that counts.
    every(refreshMs, () => !document.hidden && this.#pending === 0 && this.refresh(), until);
  }

  /** Asks for the list. Of several calls at once the last one counts. */
  async refresh() {
    const refresh = ++this.#refreshes;
    this.#pending++;
    try {
      const { items, cursor } = await this.#loadPages();
      if (this.#until.aborted || refresh !== this.#refreshes) return;
      batch(() => {
        this.items.value = items;
        this.isWhole.value = cursor === undefined;
        this.problem.value = undefined;
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!this.#until.aborted && refresh === this.#refreshes) this.problem.value = error;
    } finally {
      this.#pending--;
    }
  }

  async #loadPages() {
    /** @type {Item[]} */
    const items = [];
    /** @type {string | undefined} */
    let cursor;
    let [filled, passed] = [0, 0];
    do {
      const answer = await this.#load(cursor);
      items.push(...answer.items);
      cursor = answer.nextCursor;
      if (answer.items.length > 0) filled++;
      else passed++;
    } while (cursor !== undefined && filled < (this.#wantsAll ? ALL_PAGES : this.#pages) && passed < MAX_EMPTY_PAGES);
    return { items, cursor };
  }

  /** @param {boolean} wantsAll whether all pages are to be loaded, or as many as the viewer asked for */
  wantAll(wantsAll) {
    if (wantsAll === this.#wantsAll) return;
    this.#wantsAll = wantsAll;
    if (!this.isWhole.value || !wantsAll) void this.refresh();
  }

  showMore() {
    this.#pages += 1;
    void this.refresh();
  }
}

/**
 * @template Item
 * @param {PagedList<Item>} list
 * @param {Content} entries
 * @param {string} more what the button for the next page says
 */
export const pagedListView = (list, entries, more) => html`
  <div class="paged-list">
    <div>${entries}</div>
    <p class="hint" role="status">${list.problem.value ? `The list is not up to date: ${list.problem.value.message}` : ''}</p>
    <button class="quiet" type="button" ?hidden=${list.isWhole.value} @click=${() => list.showMore()}>${more}</button>
  </div>`;
