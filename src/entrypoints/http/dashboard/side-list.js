import { batch, computed, html, nothing, repeat, signal } from './packages.js';
import { PagedList, pagedListView } from './paged-list.js';
import { inARow } from './text.js';

const REFRESH_MS = 15_000;
/** So many entries are found by looking at them. */
const FEW = 7;

const wide = matchMedia('(min-width: 56rem)');
const isWide = signal(wide.matches);
wide.addEventListener('change', () => {
  isWide.value = wide.matches;
});

/**
 * @typedef {{ href: string, title: string, facts: readonly string[] }} Link
 */

/**
 * @template {object} Item
 * @typedef {object} Choices
 * @property {string} title
 * @property {string} more what the button for the next page says
 * @property {(cursor?: string) => Promise<{ items: readonly Item[], nextCursor?: string | undefined }>} load asks for a page
 * @property {(items: readonly Item[]) => string} count what stands beside the title
 * @property {(items: readonly Item[]) => readonly { title?: string, items: readonly Item[] }[]} sections
 * @property {(item: Item) => Link} link
 */

/**
 * What a page has to choose from, kept up to date, and searched by name. Of the chosen entry it has what its view knows,
 * so that one never contradicts the other.
 *
 * @template {object} Item
 */
export class SideList {
  /** The `href` of the entry that is shown. */
  chosen = signal('');
  /** What the view of the chosen entry knows of it. */
  known = signal(/** @type {Partial<Item>} */ ({}));
  /** What is searched for, in small letters. */
  term = signal('');
  /** What was made of entries that have not changed since: there may be thousands of them. @type {WeakMap<object, Link>} */
  #links = new WeakMap();
  items = computed(() => this.pages.items.value?.map((item) => this.#corrected(item)));

  /**
   * @param {Choices<Item>} choices
   * @param {AbortSignal} until ends it
   */
  constructor(choices, until) {
    this.choices = choices;
    this.pages = /** @type {PagedList<Item>} */ (new PagedList(choices.load, REFRESH_MS, until));
  }

  /** @param {string} href of the entry that is to be shown */
  choose(href) {
    batch(() => {
      // What is known of the last one holds until the list is read again.
      this.pages.items.value = this.items.value;
      this.chosen.value = href;
      this.known.value = {};
    });
  }

  /** @param {string} term what the viewer searches for */
  search(term) {
    this.term.value = term.trim().toLowerCase();
    // It may stand on a page that is not loaded.
    this.pages.wantAll(this.term.value !== '');
  }

  /**
   * @param {Item} item
   * @returns {Link}
   */
  link(item) {
    const link = this.#links.get(item) ?? this.choices.link(item);
    this.#links.set(item, link);
    return link;
  }

  /** @param {Item} item */
  #corrected(item) {
    return this.link(item).href === this.chosen.value ? { ...item, ...this.known.value } : item;
  }
}

/**
 * The list, folded on a narrow screen.
 *
 * @template {object} Item
 * @param {SideList<Item>} list
 */
export function sideListView(list) {
  const { choices, pages } = list;
  const items = list.items.value ?? [];
  const isWhole = pages.isWhole.value;
  const count = items.length > 0 ? choices.count(items) : '';
  const isSearched = list.term.value !== '';
  return html`
    <details class="side-list" ?open=${isWide.value} @click=${fold}>
      <summary><h2>${choices.title}</h2><span class="count">${count === '' || isWhole ? count : `at least ${count}`}</span></summary>
      <input type="search" aria-label="Find by name" placeholder="Find by name" autocomplete="off" spellcheck="false"
        autocapitalize="none" ?hidden=${items.length <= FEW && isWhole && !isSearched}
        @input=${(/** @type {Event & { target: HTMLInputElement }} */ { target }) => list.search(target.value)} />
      ${pagedListView(pages, found(list, items), choices.more)}
    </details>`;
}

/**
 * @template {object} Item
 * @param {SideList<Item>} list
 * @param {readonly Item[]} items
 */
function found(list, items) {
  const { choices, term, chosen, pages } = list;
  const found = items.filter((item) => list.link(item).title.toLowerCase().includes(term.value));
  if (found.length === 0 && term.value !== '')
    return html`<p class="hint" role="status">${pages.isWhole.value ? 'There is none of that name.' : 'None found yet.'}</p>`;
  // Figures change while somebody points at a link or is on it: an entry keeps its element.
  return html`${repeat(
    choices.sections(found).filter(({ items }) => items.length > 0),
    ({ title }) => title,
    ({ title, items }) => html`
      ${title === undefined ? nothing : html`<h3>${title}</h3>`}
      <ul>${repeat(
        items.map((item) => list.link(item)),
        ({ href }) => href,
        (link) => html`<li>${linkView(link, chosen.value)}</li>`,
      )}</ul>`,
  )}`;
}

/**
 * @param {Link} link
 * @param {string} chosen
 */
const linkView = ({ href, title, facts }, chosen) => html`
  <a href=${href} aria-current=${href === chosen ? 'true' : nothing}>
    <span class="link-title" dir="auto">${title}</span>
    <span class="link-facts">${inARow(facts)}</span>
  </a>`;

/**
 * Gives the place on a narrow screen to what was chosen.
 *
 * @param {Event & { currentTarget: HTMLDetailsElement }} event
 */
function fold({ target, currentTarget }) {
  if (target instanceof Element && target.closest('a') && !isWide.value) currentTarget.open = false;
}
