import { apiKey } from '../api-key.js';
import { fieldView } from '../form.js';
import { html, signal } from '../packages.js';
import { Polled, polledCard } from '../polled.js';
import { isolated } from '../text.js';
import { react } from '../view.js';
import { formatAmount } from './amounts.js';
import { provenance } from './provenance.js';
import { openChangeDialog } from './stock-dialogs.js';
import { valueStock } from './stocks.js';
import { valueTable } from './value-table.js';

/**
 * @import { Html } from '../packages.js'
 * @import { SideList } from '../side-list.js'
 * @import { Stock, StockValue } from './stocks.js'
 */

const INTERVAL_MS = 5_000;

/**
 * One stock with its values, what they rest on, and the change that a key holder can make.
 *
 * @param {string} stock
 * @param {string} currencies with commas between them; those of the service if empty
 * @param {SideList<Stock>} list which shows the value, too
 * @param {AbortSignal} until ends the view
 * @returns {() => Html}
 */
export function stockView(stock, currencies, list, until) {
  const known = /** @type {Polled<StockValue & { at: number }>} */ (
    new Polled(
      async (signal) => ({ ...(await valueStock(stock, currencies, signal)), at: performance.now() }),
      INTERVAL_MS,
      until,
    )
  );
  const done = signal('');
  document.title = `${stock} – Portside`;
  react(() => {
    const answer = known.answer.value;
    list.known.value = answer ? { value: answer.value, currency: answer.currency } : {};
  }, until);

  const change = () => {
    done.value = '';
    openChangeDialog(stock, known.answer.value?.currency ?? '', ({ value, currency }) => {
      done.value = `The value is ${formatAmount(value)} ${currency} now.`;
      list.known.value = { value, currency };
      known.askNow();
    });
  };

  return () =>
    polledCard(known, {
      facts: html`<p>Stock</p>`,
      heading: html`<h2 class="headline" tabindex="-1">${isolated(stock)}</h2>`,
      body: (answer) => html`${valueTable(answer)}${provenance(answer.rates, answer.at)}`,
      below: html`
        ${currenciesForm(stock, currencies)}
        <section class="controls" aria-labelledby="controls-title" ?hidden=${apiKey.value === undefined || !known.answer.value}>
          <h3 id="controls-title">For key holders</h3>
          <div class="actions"><button type="button" @click=${change}>Change the value…</button></div>
          <p role="status">${done.value}</p>
        </section>`,
      absent: 'There is no such stock.',
    });
}

/**
 * Asks in which currencies a stock is to be valued. The answer goes into the address, so that it can be kept and passed on.
 *
 * @param {string} stock
 * @param {string} currencies with commas between them
 */
function currenciesForm(stock, currencies) {
  const submit = (/** @type {Event & { target: HTMLFormElement }} */ event) => {
    event.preventDefault();
    const asked = String(new FormData(event.target).get('currencies'));
    const codes = asked.split(/[\s,;]+/).filter(Boolean);
    location.hash = `#/stocks/${[stock, codes.map(encodeURIComponent).join(',')].filter(Boolean).join('/')}`;
  };
  const field = fieldView({
    name: 'currencies',
    label: 'Currencies',
    hint: 'Codes of ISO 4217, or GBX for pence. The service’s own choice if empty.',
    value: currencies.replaceAll(',', ', '),
    placeholder: 'USD, JPY',
    autocapitalize: 'characters',
  });
  return html`<form class="inline" @submit=${submit}>${field}<button type="submit">Show</button></form>`;
}
