import { html } from './packages.js';

/**
 * Text that somebody chose, kept apart from the text around it: its direction, and any marks in it that turn
 * directions, end with it.
 *
 * @param {string} text
 */
export const isolated = (text) => html`<bdi dir="auto">${text}</bdi>`;

/** What stands between two facts. */
const BETWEEN_FACTS = ' · ';

/**
 * Facts one after the other. A line breaks between them, and never inside one.
 *
 * @param {readonly string[]} facts
 */
export const inARow = (facts) =>
  facts.map((fact, index) => html`${index > 0 ? BETWEEN_FACTS : ''}<span class="whole">${isolated(fact)}</span>`);
