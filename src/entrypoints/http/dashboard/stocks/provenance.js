import { figure } from '../figures.js';
import { formatDuration, formatMoment } from '../format.js';
import { html, nothing } from '../packages.js';
import { apart, elapsedSince } from '../view.js';

/** @import { StockValue } from './stocks.js' */

/** The name of the table that ships with the service. */
const REFERENCE = 'reference';
const days = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/**
 * What converted values rest on: whose rates, of when, how long ago they were confirmed, and whether that is too long.
 *
 * @param {StockValue['rates']} rates null where no rate was needed
 * @param {number} at when that was known, by `performance.now()`
 */
export function provenance(rates, at) {
  const isReference = rates?.source === REFERENCE;
  return html`
    <p class=${rates?.stale && !isReference ? 'note is-stale' : 'note'} role="status" ?hidden=${rates !== null && !rates.stale}>${verdict(rates)}</p>
    ${rates === null || isReference ? nothing : figures(rates, at)}`;
}

/** @param {StockValue['rates']} rates */
function verdict(rates) {
  if (rates === null) return 'This is the stock’s own currency: no rates are needed.';
  if (rates.source === REFERENCE)
    return `Converted at the reference rates of ${days.format(new Date(rates.asOf))}, which are not live.`;
  return rates.stale ? 'The rates are out of date: their source has not confirmed them lately.' : '';
}

/**
 * @param {NonNullable<StockValue['rates']>} rates
 * @param {number} at
 */
const figures = ({ source, base, asOf, ageSeconds }, at) => html`
  <dl class="figures is-words">
    ${figure('Source of the rates', source, `in ${base}`)}
    ${figure('As of', formatMoment(asOf), 'the source’s own time')}
    ${apart(() => figure('Age', formatDuration(ageSeconds * 1_000 + elapsedSince(at)), 'since the source confirmed them'))}
  </dl>`;
