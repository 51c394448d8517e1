import { element } from '../dom.js';
import { field } from '../form.js';

/** Asks in which currencies a stock is to be valued. The answer goes into the address, so that it can be kept and passed on. */
export class CurrenciesForm {
  #input;
  #stock;

  /**
   * @param {string} stock
   * @param {string} currencies with commas between them
   */
  constructor(stock, currencies) {
    this.#stock = stock;
    this.#input = element('input', {
      name: 'currencies',
      autocomplete: 'off',
      spellcheck: 'false',
      autocapitalize: 'characters',
      placeholder: 'USD, JPY',
      value: currencies.replaceAll(',', ', '),
    });
    this.element = element(
      'form',
      { class: 'inline', submit: (/** @type {Event} */ event) => this.#submit(event) },
      field('Currencies', this.#input, 'Codes of ISO 4217, or GBX for pence. The service’s own choice if empty.'),
      element('button', { type: 'submit' }, 'Show'),
    );
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const codes = this.#input.value.split(/[\s,;]+/).filter(Boolean);
    location.hash = `#/stocks/${[this.#stock, codes.map(encodeURIComponent).join(',')].filter(Boolean).join('/')}`;
  }
}
