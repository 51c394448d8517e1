import { apiKey } from '../api-key.js';
import { element, isolated, setText } from '../dom.js';
import { PolledCard } from '../polled-card.js';
import { formatAmount } from './amounts.js';
import { CurrenciesForm } from './currencies-form.js';
import { Provenance } from './provenance.js';
import { openChangeDialog } from './stock-dialogs.js';
import { valueStock } from './stocks.js';
import { ValueTable } from './value-table.js';

/**
 * @import { SideList } from '../side-list.js'
 * @import { Stock, StockValue } from './stocks.js'
 */

const INTERVAL_MS = 5_000;

/** One stock with its values, what they rest on, and the change that a key holder can make. */
export class StockView {
  #stock;
  #list;
  #heading;
  #table = new ValueTable();
  #provenance = new Provenance();
  #done = element('p', { role: 'status' });
  #controls;
  #card;
  /** @type {string | undefined} */
  #ownCurrency;

  /**
   * @param {string} stock
   * @param {string} currencies with commas between them; those of the service if empty
   * @param {SideList<Stock>} list which shows the value, too
   * @param {AbortSignal} signal ends the view
   */
  constructor(stock, currencies, list, signal) {
    this.#stock = stock;
    this.#list = list;
    this.#heading = element('h2', { class: 'headline', tabindex: -1 }, isolated(stock));
    this.#controls = element(
      'section',
      { class: 'controls', 'aria-labelledby': 'controls-title', hidden: true },
      element('h3', { id: 'controls-title' }, 'For key holders'),
      element(
        'div',
        { class: 'actions' },
        element('button', { type: 'button', click: () => this.#change() }, 'Change the value…'),
      ),
      this.#done,
    );
    this.#card = new PolledCard(
      {
        facts: element('p', {}, 'Stock'),
        heading: this.#heading,
        below: [new CurrenciesForm(stock, currencies).element, this.#controls],
        ask: (signal) => valueStock(stock, currencies, signal),
        intervalMs: INTERVAL_MS,
        onAnswer: (answer, isEmpty) => this.#show(answer, isEmpty),
        absent: 'There is no such stock.',
        onEmptied: () => {
          this.#showControls(undefined);
          list.know({});
        },
      },
      signal,
    );
    this.element = this.#card.element;
    document.title = `${stock} – Portside`;
    apiKey.onChange(() => this.#showControls(this.#ownCurrency), signal);
    const timer = setInterval(() => this.#provenance.tick(), 1_000);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Moves the focus to the name of the stock, for somebody who chose it. */
  focus() {
    this.#heading.focus();
  }

  /**
   * @param {StockValue} answer
   * @param {boolean} isEmpty
   */
  #show(answer, isEmpty) {
    const { verdict, figures } = this.#provenance;
    if (isEmpty) this.#card.body.replaceChildren(...this.#table.elements, verdict, figures);
    this.#table.show(answer);
    this.#list.know({ value: answer.value, currency: answer.currency });
    this.#provenance.show(answer.rates);
    this.#showControls(answer.currency);
  }

  /** @param {string | undefined} ownCurrency of the stock, if it is known */
  #showControls(ownCurrency) {
    this.#ownCurrency = ownCurrency;
    this.#controls.hidden = apiKey.get() === undefined || ownCurrency === undefined;
  }

  #change() {
    setText(this.#done, '');
    openChangeDialog(this.#stock, this.#ownCurrency ?? '', (/** @type {Stock} */ { value, currency }) => {
      setText(this.#done, `The value is ${formatAmount(value)} ${currency} now.`);
      this.#list.know({ value, currency });
      this.#card.askNow();
    });
  }
}
