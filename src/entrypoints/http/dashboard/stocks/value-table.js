import { element, setText } from '../dom.js';
import { formatAmount, isZero, nameOf } from './amounts.js';

/** @import { StockValue } from './stocks.js' */

/** The value of a stock as it was put, in each other currency, and in which ones there is none. */
export class ValueTable {
  #own = element('span', { class: 'value' });
  #unit = element('span', { class: 'unit' });
  #ownName = element('span', { class: 'currency-name' });
  #rows = element('tbody');
  #table = element(
    'table',
    { class: 'values' },
    element('caption', { class: 'unseen' }, 'Value in other currencies'),
    element(
      'thead',
      { class: 'unseen' },
      element('tr', {}, element('th', { scope: 'col' }, 'Currency'), element('th', { scope: 'col' }, 'Value')),
    ),
    this.#rows,
  );
  #missing = element('p', { class: 'hint missing' });
  /** @type {ReadonlyMap<string, HTMLElement>} */
  #cells = new Map();
  elements = [
    element('p', { class: 'own-value' }, this.#own, ' ', this.#unit, this.#ownName),
    this.#table,
    this.#missing,
  ];

  /** @param {StockValue} answer */
  show({ value, currency, values, missing = [] }) {
    put(this.#own, formatAmount(value));
    setText(this.#unit, currency);
    setText(this.#ownName, nameOf(currency));

    const others = Object.keys(values).filter((other) => other !== currency);
    if (others.join() !== [...this.#cells.keys()].join()) this.#make(others);
    for (const [other, cell] of this.#cells) put(cell, inWords(values[other] ?? '', isZero(value)));
    this.#table.hidden = others.length === 0;

    this.#missing.hidden = missing.length === 0;
    const names = missing.map((code) => (nameOf(code) ? `${code} (${nameOf(code)})` : code));
    setText(this.#missing, `There is no rate from ${currency} to ${names.join(', ')}.`);
  }

  /** @param {readonly string[]} currencies */
  #make(currencies) {
    const cells = currencies.map((currency) => /** @type {const} */ ([currency, element('td', { class: 'value' })]));
    this.#cells = new Map(cells);
    this.#rows.replaceChildren(
      ...cells.map(([currency, cell]) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, currency, element('span', { class: 'currency-name' }, nameOf(currency))),
          cell,
        ),
      ),
    );
  }
}

/** Longer texts do not fit a phone in the size of others. */
const LONG = 16;

/**
 * @param {HTMLElement} place
 * @param {string} text
 */
function put(place, text) {
  setText(place, text);
  place.classList.toggle('is-long', text.length > LONG);
}

/**
 * A value that is something is never shown as nothing, though its currency may have no digits for it.
 *
 * @param {string} value
 * @param {boolean} isNothing
 */
const inWords = (value, isNothing) =>
  isZero(value) && !isNothing ? `under ${formatAmount(value.replace(/0$/, '1'))}` : formatAmount(value);
