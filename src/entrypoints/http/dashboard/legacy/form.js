import { newIdentity, Problem } from '../service.js';
import { element, isolated } from './dom.js';
import { problemNote } from './problem-note.js';

/**
 * @template Answer
 * @typedef {object} Filling
 * @property {string} name under which a draft is kept
 * @property {readonly Node[]} fields made with {@link field}; the service knows them by their names
 * @property {string} action what the button says
 * @property {(identity: string) => Promise<Answer>} send sends what is filled in; the identity stays the same however often
 * that is, so that it can be done once
 * @property {(answer: Answer) => void} onDone
 * @property {() => void} onCancel
 * @property {string} refusal what is said when there are complaints about fields
 * @property {(field: string, index: number) => string | undefined} [entry] what is filled in as that entry of a field with several
 */

/**
 * What was typed into forms that were left by neither of their buttons, such as with the Escape key. It is there again
 * when the form is opened again, until the page is left.
 *
 * @type {Map<string, Draft>}
 *
 * @typedef {object} Draft
 * @property {string} identity
 * @property {Map<string, string | boolean>} edits by the name of the field: its text, or whether it is checked
 */
const drafts = new Map();

/**
 * A form that is sent to the service. What the service has against it stands at the fields.
 *
 * @template Answer
 */
export class Form {
  #filling;
  #problem = element('div');
  #isSending = false;
  #draft;

  /** @param {Filling<Answer>} filling */
  constructor(filling) {
    this.#filling = filling;
    this.element = element(
      'form',
      {
        submit: (/** @type {Event} */ event) => this.#submit(event),
        input: (/** @type {Event} */ event) => this.#keep(event),
      },
      ...filling.fields,
      this.#problem,
      element(
        'div',
        { class: 'actions' },
        element('button', { class: 'primary', type: 'submit' }, filling.action),
        element('button', { type: 'button', click: () => this.#cancel() }, 'Cancel'),
      ),
    );
    const draft = drafts.get(filling.name);
    this.#draft = draft ?? { identity: newIdentity(), edits: new Map() };
    if (draft) this.#restore();
  }

  #restore() {
    for (const input of this.element.querySelectorAll('input, textarea')) {
      const edit = isField(input) ? this.#draft.edits.get(input.name) : undefined;
      if (typeof edit === 'boolean') /** @type {HTMLInputElement} */ (input).checked = edit;
      else if (edit !== undefined) /** @type {HTMLInputElement} */ (input).value = edit;
      if (edit !== undefined) input.dispatchEvent(new Event('input'));
    }
    this.element.prepend(element('p', { class: 'note' }, 'What you typed is still here. “Cancel” throws it away.'));
  }

  /** @param {Event} event */
  #keep({ target }) {
    if (!isField(target)) return;
    this.#draft.edits.set(target.name, isBox(target) ? target.checked : target.value);
    drafts.set(this.#filling.name, this.#draft);
  }

  #cancel() {
    drafts.delete(this.#filling.name);
    this.#filling.onCancel();
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#isSending) return;
    this.#isSending = true;
    this.#forgetProblem();
    try {
      const answer = await this.#filling.send(this.#draft.identity);
      drafts.delete(this.#filling.name);
      this.#filling.onDone(answer);
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
    const unmatchedErrors = problem.errors.filter(({ path, message }) => {
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
      problem.errors.length > unmatchedErrors.length
        ? new Problem(this.#filling.refusal, { errors: unmatchedErrors })
        : problem;
    this.#problem.replaceChildren(problemNote(summary));
    const first = this.element.querySelector('[aria-invalid]');
    if (first instanceof HTMLElement) first.focus();
  }
}

/**
 * @param {EventTarget | null} target
 * @returns {target is HTMLInputElement | HTMLTextAreaElement}
 */
const isField = (target) => target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @returns {input is HTMLInputElement}
 */
const isBox = (input) => input.type === 'checkbox';

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
