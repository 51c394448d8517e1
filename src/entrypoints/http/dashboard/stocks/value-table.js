import { element, setText } from '../dom.js';

/** @import { StockValue } from './stocks.js' */

const names = new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' });

/** The value of a stock in each currency, exactly as the service says it, and whether it rests on stale rates. */
export class ValueTable {
  #rows = element('tbody');
  /** @type {ReadonlyMap<string, { value: HTMLElement, flag: HTMLElement }>} */
  #cells = new Map();

  constructor() {
    this.element = element(
      'table',
      { class: 'values' },
      element('caption', { class: 'unseen' }, 'Value by currency'),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          element('th', { scope: 'col' }, 'Currency'),
          element('th', { scope: 'col' }, 'Value'),
          element('th', { scope: 'col' }, 'Rate'),
        ),
      ),
      this.#rows,
    );
  }

  /**
   * @param {StockValue['values']} values the stock's own currency first
   * @param {StockValue['rates']} rates
   */
  show(values, rates) {
    const currencies = Object.keys(values);
    if (currencies.join() !== [...this.#cells.keys()].join()) this.#make(currencies);
    for (const [index, currency] of currencies.entries()) {
      const { value, flag } = /** @type {{ value: HTMLElement, flag: HTMLElement }} */ (this.#cells.get(currency));
      setText(value, values[currency] ?? '');
      const words = index === 0 ? 'none needed' : rates?.stale ? 'stale' : 'fresh';
      setText(flag, words);
      flag.dataset.rate = words;
    }
  }

  /** @param {readonly string[]} currencies */
  #make(currencies) {
    const rows = currencies.map((currency) => ({
      currency,
      value: element('td', { class: 'value' }),
      flag: element('span', { class: 'flag' }),
    }));
    this.#cells = new Map(rows.map(({ currency, ...cells }) => [currency, cells]));
    this.#rows.replaceChildren(
      ...rows.map(({ currency, value, flag }) =>
        element(
          'tr',
          {},
          element(
            'th',
            { scope: 'row' },
            currency,
            element('span', { class: 'currency-name' }, names.of(currency) ?? ''),
          ),
          value,
          element('td', {}, flag),
        ),
      ),
    );
  }
}
