import { apiKey } from '../api-key.js';
import { Badge } from '../badge.js';
import { element, isolated, setText } from '../dom.js';
import { Poller } from '../poller.js';
import { problemNote } from '../problem-note.js';
import { CurrenciesForm } from './currencies-form.js';
import { Provenance } from './provenance.js';
import { openChangeDialog } from './stock-dialogs.js';
import { valueStock } from './stocks.js';
import { ValueTable } from './value-table.js';

/**
 * @import { Problem } from '../service.js'
 * @import { Stock, StockValue } from './stocks.js'
 */

const INTERVAL_MS = 5_000;

/** One stock with its values, what they rest on, and the change that a key holder can make. */
export class StockView {
  #stock;
  #onChanged;
  #heading;
  #badge = new Badge();
  #table = new ValueTable();
  #provenance = new Provenance();
  #place = element('div', { class: 'stack', 'aria-busy': true }, element('p', { class: 'empty' }, 'Loading…'));
  #done = element('p', { role: 'status' });
  #controls;
  #poller;
  /** @type {string | undefined} */
  #ownCurrency;

  /**
   * @param {string} stock
   * @param {string} currencies with commas between them; those of the service if empty
   * @param {() => void} onChanged called when the viewer has changed the value
   * @param {AbortSignal} signal ends the view
   */
  constructor(stock, currencies, onChanged, signal) {
    this.#stock = stock;
    this.#onChanged = onChanged;
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
    this.element = element(
      'article',
      { class: 'card' },
      element('div', { class: 'meta' }, element('p', {}, 'Stock'), this.#badge.element),
      this.#heading,
      this.#badge.detail,
      this.#place,
      new CurrenciesForm(stock, currencies).element,
      this.#controls,
    );
    document.title = `${stock} – Portside`;
    apiKey.onChange(() => this.#showControls(), signal);
    const timer = setInterval(() => this.#provenance.tick(), 1_000);
    signal.addEventListener('abort', () => clearInterval(timer));
    this.#poller = new Poller(
      {
        ask: (signal) => valueStock(stock, currencies, signal),
        intervalMs: INTERVAL_MS,
        onAnswer: (answer) => this.#show(answer),
        onProblem: (problem) => this.#fail(problem),
      },
      signal,
    );
  }

  /** Moves the focus to the name of the stock, for somebody who chose it. */
  focus() {
    this.#heading.focus();
  }

  /** @param {StockValue} answer */
  #show({ values, rates }) {
    if (this.#ownCurrency === undefined)
      this.#place.replaceChildren(this.#provenance.verdict, this.#table.element, this.#provenance.figures);
    this.#place.removeAttribute('aria-busy');
    this.element.classList.remove('is-lost');
    this.#badge.show('polling', 'Asked every 5 s');
    this.#badge.explain();
    // The service names the stock's own currency first.
    this.#ownCurrency = Object.keys(values)[0];
    this.#table.show(values, rates);
    this.#provenance.show(rates);
    this.#showControls();
  }

  /** @param {Problem} problem */
  #fail(problem) {
    this.#place.removeAttribute('aria-busy');
    this.element.classList.add('is-lost');
    this.#badge.show('lost', problem.status === undefined ? 'Connection lost' : 'Not answered');
    if (this.#ownCurrency !== undefined && problem.isPassing) return this.#badge.explain(problem);
    this.#ownCurrency = undefined;
    this.#badge.explain();
    const hope = problem.isPassing ? [element('p', {}, 'Trying again…')] : [];
    const note = this.#place.querySelector('.problem');
    if (note?.textContent?.startsWith(problem.message)) return;
    this.#place.replaceChildren(problemNote(problem, ...hope));
    this.#showControls();
  }

  #showControls() {
    this.#controls.hidden = apiKey.get() === undefined || this.#ownCurrency === undefined;
  }

  #change() {
    setText(this.#done, '');
    openChangeDialog(this.#stock, this.#ownCurrency ?? '', (/** @type {Stock} */ { value, currency }) => {
      setText(this.#done, `The value is ${value} ${currency} now.`);
      this.#poller.askNow();
      this.#onChanged();
    });
  }
}
