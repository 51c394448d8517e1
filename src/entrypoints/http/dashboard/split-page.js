import { apiKey } from './api-key.js';
import { html, keyed, nothing, signal, untracked } from './packages.js';
import { problemNote } from './problem-note.js';
import { SideList, sideListView } from './side-list.js';
import { apart, react, show } from './view.js';

/**
 * @import { Html } from './packages.js'
 * @import { PageView } from './pages.js'
 * @import { Choices } from './side-list.js'
 */

/**
 * @template {object} Item
 * @typedef {object} Parts
 * @property {string} name of the page, as it stands in the address
 * @property {string} title
 * @property {Choices<Item>} choices
 * @property {{ label: string, click: () => void, isAllowed?: () => boolean }} add what key holders can add to the list,
 * unless it is known that they may not
 * @property {(items: readonly Item[]) => string | undefined} first the path to begin with, if there is anything
 * @property {string} empty what is said when there is nothing
 * @property {(path: string, list: SideList<Item>, until: AbortSignal) => () => Html} open makes the view of what the path
 * names; it has a heading of the class `headline`, and tells the list what it knows
 */

/**
 * A page of two parts: what there is to choose from, and what is chosen. The first part of the path names the choice.
 *
 * @template {object} Item
 * @param {Parts<Item>} parts
 * @param {HTMLElement} place
 * @param {AbortSignal} until ends it
 * @returns {PageView}
 */
export function splitPage(parts, place, until) {
  const list = /** @type {SideList<Item>} */ (new SideList(parts.choices, until));
  const chosen = signal(/** @type {{ path: string, view: () => Html } | undefined} */ (undefined));
  /** What the address names, once somebody said so; empty for the page itself. */
  const named = signal(/** @type {string | undefined} */ (undefined));
  let viewing = new AbortController();
  let address = location.hash;
  until.addEventListener('abort', () => viewing.abort());

  /** The entries in the order in which they stand. */
  const items = () => list.items.value && parts.choices.sections(list.items.value).flatMap(({ items }) => items);
  const content = () => {
    if (chosen.value) return html`${keyed(chosen.value.path, apart(chosen.value.view))}`;
    if (list.pages.problem.value) return problemNote(list.pages.problem.value);
    return items()?.length === 0 ? html`<p class="empty">${parts.empty}</p>` : nothing;
  };
  show(
    () => html`
      <h1 class="visually-hidden">${parts.title}</h1>
      <div class="split">
        <div class="side">
          <button type="button" ?hidden=${apiKey.value === undefined || parts.add.isAllowed?.() === false} @click=${parts.add.click}>${parts.add.label}</button>
          ${apart(() => sideListView(list))}
        </div>
        <div class="place">${apart(content)}</div>
      </div>`,
    place,
    until,
  );
  // The page begins somewhere when the address names nothing.
  react(() => {
    const first = named.value === '' ? parts.first(items() ?? []) : undefined;
    // Where it names something by now, that is about to be shown.
    if (first !== undefined && location.hash === address) location.replace(`#/${parts.name}/${first}`);
  }, until);

  return {
    show(path) {
      viewing.abort();
      viewing = new AbortController();
      address = location.hash;
      // Whoever chose it wants to read it next.
      const isChosen = document.activeElement?.closest('.side-list, .place');
      named.value = path;
      list.choose(`#/${parts.name}/${path.split('/', 1)[0]}`);
      chosen.value = path === '' ? undefined : { path, view: untracked(() => parts.open(path, list, viewing.signal)) };
      const heading = isChosen && place.querySelector('.headline');
      if (heading instanceof HTMLElement) heading.focus();
      void list.pages.refresh();
    },
  };
}
