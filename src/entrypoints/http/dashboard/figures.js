import { html, nothing } from './packages.js';

/** @import { Content } from './packages.js' */

/** Longer figures do not fit their column in the size of others, characters. */
const LONG = 8;

/**
 * A figure with its name, among others in a list of the class `figures`. A line of it never breaks.
 *
 * @param {string} name
 * @param {string} value
 * @param {Content} [note] what is said below it
 * @param {boolean} [isTotal] whether it is the one that counts most
 */
export const figure = (name, value, note = nothing, isTotal = false) => html`
  <div class=${isTotal ? 'figure is-total' : 'figure'}>
    <dt>${name}</dt>
    <dd class=${value.length > LONG ? 'figure-value is-long' : 'figure-value'}>${value}</dd>
    ${note === nothing ? nothing : html`<dd class="figure-note">${note}</dd>`}
  </div>`;

/**
 * Counts with their names.
 *
 * @param {readonly (readonly [name: string, count: string])[]} all
 */
export const counts = (all) => html`
  <dl class="counts">${all.map(([name, count]) => html`<div><dt>${name}</dt><dd>${count}</dd></div>`)}</dl>`;
