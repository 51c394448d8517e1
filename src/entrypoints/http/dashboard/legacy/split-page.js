import { apiKey } from '../api-key.js';
import { element } from './dom.js';
import { onChange } from './on-change.js';
import { problemNote } from './problem-note.js';

/**
 * @import { Problem } from '../service.js'
 * @import { SideList } from './side-list.js'
 */

/**
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {() => void} focus moves the focus to its heading, for somebody who chose it
 */

/**
 * @template Item
 * @typedef {object} Parts
 * @property {string} name of the page, as it stands in the address
 * @property {string} title
 * @property {(onRefresh: (problem?: Problem) => void, signal: AbortSignal) => SideList<Item>} list
 * @property {{ label: string, click: () => void }} add what key holders can add to the list
 * @property {(items: readonly Item[]) => string | undefined} first the path to begin with, if there is anything
 * @property {string} empty what is said when there is nothing
 * @property {(path: string, list: SideList<Item>, signal: AbortSignal) => View} view of what the path names; it tells the
 * list what it knows of it
 */

/**
 * A page of two parts: what there is to choose from, and what is chosen. The first part of the path names the choice.
 *
 * @template Item
 */
export class SplitPage {
  #parts;
  #list;
  #place = element('div', { class: 'place' });
  /** @type {AbortController | undefined} */
  #viewing;
  #signal;

  /**
   * @param {Parts<Item>} parts
   * @param {HTMLElement} place
   * @param {AbortSignal} signal
   */
  constructor(parts, place, signal) {
    this.#parts = parts;
    this.#signal = signal;
    this.#list = parts.list((problem) => this.#chooseFirst(problem), signal);
    const add = element('button', { type: 'button', click: parts.add.click }, parts.add.label);
    place.append(
      element('h1', { class: 'unseen' }, parts.title),
      element('div', { class: 'split' }, element('div', { class: 'side' }, add, this.#list.element), this.#place),
    );
    const toggle = () => {
      add.hidden = apiKey.value === undefined;
    };
    onChange(apiKey, toggle, signal);
    toggle();
    signal.addEventListener('abort', () => this.#viewing?.abort());
  }

  /** @param {string} path */
  show(path) {
    this.#viewing?.abort();
    this.#viewing = undefined;
    if (path !== '') this.#view(path);
    void this.#list.refresh();
  }

  /** @param {string} path */
  #view(path) {
    this.#viewing = new AbortController();
    this.#list.choose(`#/${this.#parts.name}/${path.split('/', 1)[0]}`);
    const view = this.#parts.view(path, this.#list, this.#viewing.signal);
    // Whoever chose it wants to read it next.
    const isChosen = this.#list.hasFocus || this.#place.contains(document.activeElement);
    this.#place.replaceChildren(view.element);
    if (isChosen) view.focus();
  }

  /**
   * Begins somewhere when the address names nothing.
   *
   * @param {Problem} [problem] why nothing is known that could be chosen
   */
  #chooseFirst(problem) {
    if (this.#viewing || this.#signal.aborted) return;
    if (problem) return this.#place.replaceChildren(problemNote(problem));
    const first = this.#parts.first(this.#list.items);
    if (first !== undefined) location.replace(`#/${this.#parts.name}/${first}`);
    else this.#place.replaceChildren(element('p', { class: 'empty' }, this.#parts.empty));
  }
}
