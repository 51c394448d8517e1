/**
 * Makes an element. Strings become text, never markup, so any text may be shown.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | undefined | ((event: Event) => void)>} [attributes] a function is a listener
 * for the event of that name; true is an attribute without a value; false and undefined are none
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/**
 * Text that somebody chose, kept apart from the text around it: its direction, and any marks in it that turn
 * directions, end with it.
 *
 * @param {string} text
 */
export const isolated = (text) => element('bdi', { dir: 'auto' }, text);

/** Longer figures do not fit their column in the size of others, characters. */
const LONG_FIGURE = 7;

/**
 * Shows a figure, of which a line never breaks.
 *
 * @param {HTMLElement} place
 * @param {string} figure
 */
export function setFigure(place, figure) {
  setText(place, figure);
  place.classList.toggle('is-long', figure.length > LONG_FIGURE);
}

/** The end of an id that is never left out, characters. */
const ID_TAIL = 8;

/**
 * An id, which loses its middle where a line has no room for all of it. Whoever hears it, copies it or points at it has it
 * whole.
 *
 * @param {string} id
 */
export const idText = (id) =>
  element(
    'bdi',
    { class: 'id', dir: 'auto', title: id },
    ...(id.length > 2 * ID_TAIL
      ? [element('span', { class: 'id-head' }, id.slice(0, -ID_TAIL)), id.slice(-ID_TAIL)]
      : [id]),
  );

/** What stands between two facts. */
export const BETWEEN_FACTS = ' · ';

/**
 * Facts one after the other. A line breaks between them, and never inside one.
 *
 * @param {readonly (string | Node)[]} facts
 * @returns {(string | Node)[]}
 */
export const inARow = (facts) =>
  facts.flatMap((fact, index) => [
    ...(index > 0 ? [BETWEEN_FACTS] : []),
    element('span', { class: 'whole' }, typeof fact === 'string' ? isolated(fact) : fact),
  ]);

/**
 * Replaces text only where it differs, so that nothing is laid out or announced again for no reason.
 *
 * @param {Element} place
 * @param {string} text
 */
export function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
