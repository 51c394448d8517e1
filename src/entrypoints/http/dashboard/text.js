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

/** The end of an id that is never left out, characters. */
const ID_TAIL = 8;

/**
 * An id, which loses its middle where a line has no room for all of it. Whoever hears it, copies it or points at it has it
 * whole.
 *
 * @param {string} id
 */
export const idText = (id) =>
  html`<bdi class="id" dir="auto" title=${id}>${
    id.length > 2 * ID_TAIL ? html`<span class="id-head">${id.slice(0, -ID_TAIL)}</span>${id.slice(-ID_TAIL)}` : id
  }</bdi>`;

/**
 * The direction in which a text is written, as the browser finds it for `dir="auto"`.
 *
 * @param {string} text
 */
export function directionOf(text) {
  const probe = document.createElement('bdi');
  probe.textContent = text;
  document.body.append(probe);
  const { direction } = getComputedStyle(probe);
  probe.remove();
  return direction;
}
