import { formatOffset } from '../format.js';
import { element, setText } from '../legacy/dom.js';
import { field } from '../legacy/form.js';
import { momentsOf } from '../time.js';

const LATEST = '9999-12-31T23:59';

/** Asks for a date and time in the viewer's zone, names the zone, and says when clocks skip or repeat that time. */
export class MomentField {
  #input;
  #ifEmpty;
  #hint;

  /**
   * @param {string} name under which the service knows it
   * @param {string} label
   * @param {string} ifEmpty what it means to leave it empty
   */
  constructor(name, label, ifEmpty) {
    this.#ifEmpty = ifEmpty;
    this.#input = element('input', { name, type: 'datetime-local', max: LATEST, input: () => this.#explain() });
    this.element = field(label, this.#input, this.#hintNow);
    this.#hint = this.element.querySelector('.hint');
  }

  /** Epoch ms; undefined while it is empty, or not a time. Of a time that comes twice the first is meant. */
  get at() {
    return momentsOf(this.#input.value)[0];
  }

  /** @returns {{ path: string, message: string }[]} */
  get errors() {
    const { name, value } = this.#input;
    if (value === '' || this.at !== undefined) return [];
    return [{ path: name, message: `does not exist: on that day clocks skip this time in ${zone()}` }];
  }

  #explain() {
    if (this.#hint) setText(this.#hint, this.#hintNow);
  }

  get #hintNow() {
    const moments = momentsOf(this.#input.value);
    const [at = Date.now()] = moments;
    const where = `${[...new Set([zone(), formatOffset(at)])].join(', ')}.`;
    if (this.#input.value === '') return `${where} ${this.#ifEmpty}`;
    if (moments.length === 0) return `${zone()}. Clocks skip this time on that day.`;
    return moments.length > 1 ? `${where} This time comes twice; the first is meant.` : where;
  }
}

const zone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'Your local time';
