import { html, nothing } from '../packages.js';
import { formatAmount, isZero, nameOf } from './amounts.js';

/** @import { StockValue } from './stocks.js' */

/**
 * The value of a stock as it was put, in each other currency, and in which ones there is none.
 *
 * @param {StockValue} stock
 */
export function valueTable({ value, currency, values, missing = [] }) {
  const others = Object.entries(values).filter(([other]) => other !== currency);
  const names = missing.map((code) => (nameOf(code) ? `${code} (${nameOf(code)})` : code));
  return html`
    <p class="own-value">
      <span class=${sized('value', formatAmount(value))}>${formatAmount(value)}</span>
      <span class="unit">${currency}</span><span class="currency-name">${nameOf(currency)}</span>
    </p>
    <table class="values" ?hidden=${others.length === 0}>
      <caption class="visually-hidden">Value in other currencies</caption>
      <thead class="visually-hidden"><tr><th scope="col">Currency</th><th scope="col">Value</th></tr></thead>
      <tbody>${others.map(([other, amount]) => row(other, inWords(amount, isZero(value))))}</tbody>
    </table>
    ${missing.length > 0 ? html`<p class="hint missing">There is no rate from ${currency} to ${names.join(', ')}.</p>` : nothing}`;
}

/**
 * @param {string} currency
 * @param {string} value
 */
const row = (currency, value) => html`
  <tr>
    <th scope="row">${currency}<span class="currency-name">${nameOf(currency)}</span></th>
    <td class=${sized('value', value)}>${value}</td>
  </tr>`;

/** Longer texts do not fit a phone in the size of others. */
const LONG = 16;

/**
 * @param {string} name of a class
 * @param {string} text
 */
const sized = (name, text) => (text.length > LONG ? `${name} is-long` : name);

/**
 * A value that is something is never shown as nothing, though its currency may have no digits for it.
 *
 * @param {string} value
 * @param {boolean} isNothing
 */
const inWords = (value, isNothing) =>
  isZero(value) && !isNothing ? `under ${formatAmount(value.replace(/0$/, '1'))}` : formatAmount(value);
