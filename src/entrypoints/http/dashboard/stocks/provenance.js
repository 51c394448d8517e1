import { element, setText } from '../dom.js';
import { formatDuration, formatMoment } from '../format.js';

/** @import { StockValue } from './stocks.js' */

/** The name of the table that ships with the service. */
const REFERENCE = 'reference';
const days = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

/** What converted values rest on: whose rates, of when, how long ago they were confirmed, and whether that is too long. */
export class Provenance {
  /** What it comes to, in words. */
  verdict = element('p', { class: 'note', role: 'status' });
  #source = element('dd', { class: 'figure-value' });
  #base = element('dd', { class: 'figure-note' });
  #asOf = element('dd', { class: 'figure-value' });
  #age = element('dd', { class: 'figure-value' });
  figures = element(
    'dl',
    { class: 'figures is-words' },
    element('div', { class: 'figure' }, element('dt', {}, 'Source of the rates'), this.#source, this.#base),
    element(
      'div',
      { class: 'figure' },
      element('dt', {}, 'As of'),
      this.#asOf,
      element('dd', { class: 'figure-note' }, 'the source’s own time'),
    ),
    element(
      'div',
      { class: 'figure' },
      element('dt', {}, 'Age'),
      this.#age,
      element('dd', { class: 'figure-note' }, 'since the source confirmed them'),
    ),
  );
  #ageSeconds = 0;
  #knownAt = 0;

  /** @param {StockValue['rates']} rates null where no rate was needed */
  show(rates) {
    const isReference = rates?.source === REFERENCE;
    this.figures.hidden = rates === null || isReference;
    this.verdict.hidden = rates !== null && !rates.stale;
    this.verdict.classList.toggle('is-stale', rates?.stale === true && !isReference);
    if (rates === null) return setText(this.verdict, 'This is the stock’s own currency: no rates are needed.');
    if (isReference)
      return setText(
        this.verdict,
        `Converted at the reference rates of ${days.format(new Date(rates.asOf))}, which are not live.`,
      );
    setText(this.verdict, 'The rates are out of date: their source has not confirmed them lately.');
    this.#ageSeconds = rates.ageSeconds;
    this.#knownAt = performance.now();
    setText(this.#source, rates.source);
    setText(this.#base, `in ${rates.base}`);
    setText(this.#asOf, formatMoment(rates.asOf));
    this.tick();
  }

  /** Call once a second. */
  tick() {
    setText(this.#age, formatDuration(this.#ageSeconds * 1_000 + (performance.now() - this.#knownAt)));
  }
}
