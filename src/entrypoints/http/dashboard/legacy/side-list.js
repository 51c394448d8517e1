import { BETWEEN_FACTS, element, inARow, setText } from './dom.js';
import { PagedList } from './paged-list.js';

/** @import { Problem } from '../service.js' */

const REFRESH_MS = 15_000;
/** So many entries are found by looking at them. */
const FEW = 7;

/**
 * @template Item
 * @typedef {object} Choices
 * @property {string} title
 * @property {string} more what the button for the next page says
 * @property {(cursor?: string) => Promise<{ items: readonly Item[], nextCursor?: string | undefined }>} load asks for a page
 * @property {(items: readonly Item[]) => string} count what stands beside the title
 * @property {(items: readonly Item[]) => readonly { title?: string, items: readonly Item[] }[]} sections
 * @property {(item: Item) => { href: string, title: string, facts: readonly string[] }} link
 * @property {(problem?: Problem) => void} onRefresh called each time that the list is up to date, or why it is not
 */

/**
 * What a page has to choose from, kept up to date, and searched by name; folded on a narrow screen. Of the chosen entry it
 * shows what its view shows, so that one never contradicts the other.
 *
 * @template Item
 */
export class SideList {
  #count = element('span', { class: 'count' });
  #search = element('input', {
    type: 'search',
    'aria-label': 'Find by name',
    placeholder: 'Find by name',
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'none',
    hidden: true,
    input: () => this.#find(),
  });
  #choices;
  #list;
  /** @type {string | undefined} */
  #chosen;
  /** What the view of the chosen entry knows of it. @type {Partial<Item>} */
  #known = {};
  /** Which links are shown, and the places of their facts. */
  #order = '';
  /** @type {HTMLElement[]} */
  #facts = [];

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
          correct: (item) => (choices.link(item).href === this.#chosen ? { ...item, ...this.#known } : item),
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
      this.#search,
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
    this.#known = {};
    this.#mark();
  }

  /** @param {Partial<Item>} known of the chosen entry, which holds until something else is known of it or chosen */
  know(known) {
    this.#known = known;
    this.#list.correct();
    this.#mark();
  }

  /** All entries that are loaded, in the order in which they stand. */
  get items() {
    return this.#choices.sections(this.#list.items).flatMap(({ items }) => items);
  }

  get hasFocus() {
    return this.element.contains(document.activeElement);
  }

  get #term() {
    return this.#search.value.trim().toLowerCase();
  }

  #find() {
    // What is looked for may stand on a page that is not loaded.
    this.#list.wantAll(this.#term !== '');
    this.#list.renderAnew();
    this.#mark();
  }

  #mark() {
    for (const link of this.element.querySelectorAll('a')) {
      if (link.getAttribute('href') === this.#chosen) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }

  /** @param {readonly Item[]} items */
  #render(items) {
    const { isWhole } = this.#list;
    const count = items.length > 0 ? this.#choices.count(items) : '';
    setText(this.#count, count === '' || isWhole ? count : `at least ${count}`);
    this.#search.hidden = items.length <= FEW && isWhole && this.#term === '';
    const found = items.filter((item) => this.#choices.link(item).title.toLowerCase().includes(this.#term));
    if (found.length === 0 && this.#term !== '')
      return [
        element('p', { class: 'hint', role: 'status' }, isWhole ? 'There is none of that name.' : 'None found yet.'),
      ];
    const sections = this.#choices
      .sections(found)
      .filter(({ items }) => items.length > 0)
      .map(({ title, items }) => ({ title, links: items.map((item) => this.#choices.link(item)) }));
    // Figures change while somebody points at a link: it must not go from under the pointer.
    const links = sections.flatMap(({ links }) => links);
    const order = JSON.stringify(
      sections.map(({ title, links }) => [title, links.map(({ href, title }) => [href, title])]),
    );
    if (order === this.#order && this.#facts.every((facts) => facts.isConnected)) {
      links.forEach(({ facts }, index) => {
        const place = this.#facts[index];
        if (place && place.textContent !== facts.join(BETWEEN_FACTS)) place.replaceChildren(...inARow(facts));
      });
      return undefined;
    }
    this.#order = order;
    this.#facts = links.map(({ facts }) => element('span', { class: 'link-facts' }, ...inARow(facts)));
    const places = this.#facts.values();
    return sections.flatMap(({ title, links }) => [
      ...(title === undefined ? [] : [element('h3', {}, title)]),
      element(
        'ul',
        {},
        ...links.map(({ href, title }) =>
          element(
            'li',
            {},
            element(
              'a',
              { href },
              element('span', { class: 'link-title', dir: 'auto' }, title),
              /** @type {HTMLElement} */ (places.next().value),
            ),
          ),
        ),
      ),
    ]);
  }
}
