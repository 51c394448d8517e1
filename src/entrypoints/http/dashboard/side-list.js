import { element, setText } from './dom.js';
import { PagedList } from './paged-list.js';

/** @import { Problem } from './service.js' */

const REFRESH_MS = 15_000;

/**
 * @template Item
 * @typedef {object} Choices
 * @property {string} title
 * @property {string} more what the button for the next page says
 * @property {(cursor?: string) => Promise<{ items: readonly Item[], nextCursor?: string | undefined }>} load asks for a page
 * @property {(items: readonly Item[]) => string} count what stands beside the title
 * @property {(items: readonly Item[]) => readonly { title?: string, items: readonly Item[] }[]} sections
 * @property {(item: Item) => { href: string, title: string, facts: string }} link
 * @property {(problem?: Problem) => void} onRefresh called each time that the list is up to date, or why it is not
 */

/**
 * What a page has to choose from, kept up to date; folded on a narrow screen.
 *
 * @template Item
 */
export class SideList {
  #count = element('span', { class: 'count' });
  #choices;
  #list;
  /** @type {string | undefined} */
  #chosen;

  /**
   * @param {Choices<Item>} choices
   * @param {AbortSignal} signal ends it
   */
  constructor(choices, signal) {
    this.#choices = choices;
    this.#list = /** @type {PagedList<Item>} */ (
      new PagedList(
        {
          load: choices.load,
          render: (items) => this.#render(items),
          more: choices.more,
          refreshMs: REFRESH_MS,
          onRefresh: (problem) => {
            this.#mark();
            choices.onRefresh(problem);
          },
        },
        signal,
      )
    );
    const isWide = matchMedia('(min-width: 56rem)');
    this.element = element(
      'details',
      { class: 'side-list', open: isWide.matches },
      element('summary', {}, element('h2', {}, choices.title), this.#count),
      this.#list.element,
    );
    isWide.addEventListener(
      'change',
      () => {
        this.element.open = isWide.matches;
      },
      { signal },
    );
    this.#list.element.addEventListener('click', ({ target }) => {
      if (target instanceof Element && target.closest('a') && !isWide.matches) this.element.open = false;
    });
  }

  refresh() {
    return this.#list.refresh();
  }

  /** @param {string} href of the entry that is shown */
  choose(href) {
    this.#chosen = href;
    this.#mark();
  }

  get items() {
    return this.#list.items;
  }

  get hasFocus() {
    return this.element.contains(document.activeElement);
  }

  #mark() {
    for (const link of this.element.querySelectorAll('a')) {
      if (link.getAttribute('href') === this.#chosen) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }

  /** @param {readonly Item[]} items */
  #render(items) {
    setText(this.#count, items.length > 0 ? this.#choices.count(items) : '');
    return this.#choices
      .sections(items)
      .filter((section) => section.items.length > 0)
      .flatMap(({ title, items }) => [
        ...(title === undefined ? [] : [element('h3', {}, title)]),
        element('ul', {}, ...items.map((item) => element('li', {}, this.#link(item)))),
      ]);
  }

  /** @param {Item} item */
  #link(item) {
    const { href, title, facts } = this.#choices.link(item);
    return element(
      'a',
      { href },
      element('span', { class: 'link-title', dir: 'auto' }, title),
      element('span', { class: 'link-facts' }, facts),
    );
  }
}
