import { Problem } from '../service.js';
import { element, setText } from './dom.js';

/**
 * @template Item
 * @typedef {object} Listing
 * @property {(cursor?: string) => Promise<{ items: readonly Item[], nextCursor?: string | undefined }>} load asks for a page
 * @property {(items: readonly Item[]) => Node[] | undefined} render makes what is shown, or changes what it made before
 * @property {string} [empty] what is said when there is nothing
 * @property {string} more what the button for the next page says
 * @property {number} refreshMs
 * @property {(item: Item) => Item} [correct] gives an entry as it is known by now
 * @property {(problem?: Problem) => void} [onRefresh] called each time that the list is up to date, or why it is not
 */

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
  /** @type {readonly Item[]} */
  items = [];
  #listing;
  #signal;
  #place = element('div');
  #note = element('p', { class: 'hint', role: 'status' });
  #more;
  #pages = 1;
  #wantsAll = false;
  #refreshes = 0;
  /** What is shown, so that it is made anew only when that changes. */
  #shown = '';

  /**
   * @param {Listing<Item>} listing
   * @param {AbortSignal} signal ends it
   */
  constructor(listing, signal) {
    this.#listing = listing;
    this.#signal = signal;
    this.#more = element(
      'button',
      { class: 'quiet', type: 'button', hidden: true, click: () => this.#showMore() },
      listing.more,
    );
    this.element = element('div', { class: 'paged-list' }, this.#place, this.#note, this.#more);
    const timer = setInterval(() => !document.hidden && this.refresh(), listing.refreshMs);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Asks for the list. Of several calls at once the last one is shown. */
  async refresh() {
    const refresh = ++this.#refreshes;
    /** @type {Item[]} */
    const items = [];
    /** @type {string | undefined} */
    let cursor;
    /** @type {Problem | undefined} */
    let problem;
    try {
      let [filled, passed] = [0, 0];
      do {
        const answer = await this.#listing.load(cursor);
        items.push(...answer.items);
        cursor = answer.nextCursor;
        if (answer.items.length > 0) filled++;
        else passed++;
      } while (cursor !== undefined && filled < (this.#wantsAll ? ALL_PAGES : this.#pages) && passed < MAX_EMPTY_PAGES);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem = error;
    }
    if (this.#signal.aborted || refresh !== this.#refreshes) return;
    setText(this.#note, problem ? `The list is not up to date: ${problem.message}` : '');
    if (!problem) {
      this.items = items;
      this.#correctAll();
      this.#more.hidden = cursor === undefined;
      this.#render();
    }
    this.#listing.onRefresh?.(problem);
  }

  /** Whether the service has no further pages. */
  get isWhole() {
    return this.#more.hidden;
  }

  /** @param {boolean} wantsAll whether all pages are to be loaded, or as many as the viewer asked for */
  wantAll(wantsAll) {
    if (wantsAll === this.#wantsAll) return;
    this.#wantsAll = wantsAll;
    if (!this.isWhole || !wantsAll) void this.refresh();
  }

  /** Shows the entries as they are known by now. */
  correct() {
    this.#correctAll();
    this.#render();
  }

  /** Shows the same entries in another way. */
  renderAnew() {
    this.#shown = '';
    this.#render();
  }

  #correctAll() {
    const { correct } = this.#listing;
    if (correct) this.items = this.items.map(correct);
  }

  async #showMore() {
    this.#pages += 1;
    await this.refresh();
  }

  #render() {
    const shown = JSON.stringify([this.items, this.#more.hidden]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = this.#place.contains(document.activeElement) && document.activeElement?.getAttribute('href');
    const { empty, render } = this.#listing;
    const none = this.#more.hidden ? empty : 'None found yet.';
    const made = this.items.length === 0 && none ? [element('p', { class: 'hint' }, none)] : render(this.items);
    if (!made) return;
    this.#place.replaceChildren(...made);
    // Making the links anew must not take the focus from somebody who is walking through them.
    if (focused) this.linkTo(focused)?.focus();
  }

  /** @param {string} href */
  linkTo(href) {
    return [...this.#place.querySelectorAll('a')].find((link) => link.getAttribute('href') === href);
  }
}
