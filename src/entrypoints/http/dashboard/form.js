import { element, isolated } from './dom.js';
import { problemNote } from './problem-note.js';
import { Problem } from './service.js';

/**
 * @template Answer
 * @typedef {object} Filling
 * @property {readonly Node[]} fields made with {@link field} and {@link checkbox}; the service knows them by their names
 * @property {string} action what the button says
 * @property {() => Promise<Answer>} send sends what is filled in
 * @property {(answer: Answer) => void} onDone
 * @property {() => void} onCancel
 * @property {string} refusal what is said when there are complaints about fields
 * @property {(field: string, index: number) => string | undefined} [entry] what is filled in as that entry of a field with several
 */

/**
 * A form that is sent to the service. What the service has against it stands at the fields.
 *
 * @template Answer
 */
export class Form {
  #filling;
  #problem = element('div');
  #isSending = false;

  /** @param {Filling<Answer>} filling */
  constructor(filling) {
    this.#filling = filling;
    this.element = element(
      'form',
      { submit: (/** @type {Event} */ event) => this.#submit(event) },
      ...filling.fields,
      this.#problem,
      element(
        'div',
        { class: 'actions' },
        element('button', { class: 'primary', type: 'submit' }, filling.action),
        element('button', { type: 'button', click: filling.onCancel }, 'Cancel'),
      ),
    );
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#isSending) return;
    this.#isSending = true;
    this.#forgetProblem();
    try {
      this.#filling.onDone(await this.#filling.send());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#showProblem(error);
    } finally {
      this.#isSending = false;
    }
  }

  #forgetProblem() {
    this.#problem.replaceChildren();
    for (const error of this.element.querySelectorAll('.field-error')) error.remove();
    for (const input of this.element.querySelectorAll('[aria-invalid]')) {
      input.removeAttribute('aria-invalid');
      describe(input, `${input.id}-hint`);
    }
  }

  /**
   * Puts each complaint under the field that it is about.
   *
   * @param {Problem} problem
   */
  #showProblem(problem) {
    const inputs = [...this.element.querySelectorAll('[name]')];
    const homeless = problem.errors.filter(({ path, message }) => {
      const [, name = '', index] = /^([A-Za-z]+)(?:\[(\d+)\])?$/.exec(path) ?? [];
      const input = inputs.find((candidate) => candidate.getAttribute('name') === name);
      if (!input) return true;
      const entry = index === undefined ? undefined : this.#filling.entry?.(name, Number(index));
      const error = element(
        'p',
        { class: 'field-error', id: `${input.id}-error` },
        ...(entry === undefined ? [] : ['“', isolated(entry), '” ']),
        isolated(message),
      );
      input.closest('.field')?.append(error);
      input.setAttribute('aria-invalid', 'true');
      describe(input, `${input.id}-hint ${input.id}-error`);
      return false;
    });
    const summary =
      problem.errors.length > homeless.length ? new Problem(this.#filling.refusal, { errors: homeless }) : problem;
    this.#problem.replaceChildren(problemNote(summary));
    const first = this.element.querySelector('[aria-invalid]');
    if (first instanceof HTMLElement) first.focus();
  }
}

/**
 * @param {Element} input
 * @param {string} ids
 */
const describe = (input, ids) => input.setAttribute('aria-describedby', ids);

/**
 * @param {string} label
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {string} [hint]
 */
export function field(label, input, hint) {
  input.id = `field-${input.name}`;
  const hinted = element('div', { class: 'field' }, element('label', { for: input.id }, label), input);
  if (hint) {
    hinted.append(element('p', { class: 'hint', id: `${input.id}-hint` }, hint));
    describe(input, `${input.id}-hint`);
  }
  return hinted;
}

/**
 * @param {string} label
 * @param {HTMLInputElement} input
 */
export function checkbox(label, input) {
  input.id = `field-${input.name}`;
  return element('div', { class: 'field is-checkbox' }, input, element('label', { for: input.id }, label));
}
