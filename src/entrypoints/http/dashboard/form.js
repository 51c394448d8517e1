import { html, nothing, signal } from './packages.js';
import { problemNote } from './problem-note.js';
import { newIdentity, Problem } from './service.js';
import { isolated } from './text.js';

/**
 * @template Answer
 * @typedef {object} FormOptions
 * @property {string} name under which a draft is kept
 * @property {(values: Record<string, string>, identity: string) => Promise<Answer>} send sends what is filled in; the identity
 * stays the same however often that is, so that it can be done once
 * @property {(answer: Answer) => void} onDone
 * @property {() => void} onCancel
 * @property {string} refusal what is said when there are errors at fields
 */

/**
 * What was typed into forms that were left by neither of their buttons, such as with the Escape key. It is there again
 * when the form is opened again, until the page is left.
 *
 * @type {Map<string, Draft>}
 *
 * @typedef {object} Draft
 * @property {string} identity
 * @property {Map<string, string>} edits by the name of the field
 */
const drafts = new Map();

/**
 * A form that is sent to the service. What the service has against it stands at the fields.
 *
 * @template Answer
 */
export class Form {
  isRestored;
  /** What the service had against it when it was sent. */
  problem = signal(/** @type {Problem | undefined} */ (undefined));
  #options;
  #draft;
  #edits;
  #isSending = false;

  /** @param {FormOptions<Answer>} options */
  constructor(options) {
    const kept = drafts.get(options.name);
    this.#options = options;
    this.#draft = kept ?? { identity: newIdentity(), edits: new Map() };
    this.#edits = new Map(kept?.edits);
    this.isRestored = kept !== undefined;
  }

  /**
   * What a field begins with.
   *
   * @param {string} name
   * @param {string} [value] unless the viewer has typed something else before
   */
  initial(name, value = '') {
    return this.#edits.get(name) ?? value;
  }

  /**
   * What is wrong with a field.
   *
   * @param {string} name
   */
  errorsOf(name) {
    return this.problem.value?.errors.filter(({ path }) => path === name) ?? [];
  }

  /**
   * What is said of the form as a whole.
   *
   * @param {readonly string[]} names of its fields
   */
  summary(names) {
    const problem = this.problem.value;
    const unmatchedErrors = problem?.errors.filter(({ path }) => !names.includes(path)) ?? [];
    return problem && problem.errors.length > unmatchedErrors.length
      ? new Problem(this.#options.refusal, { errors: unmatchedErrors })
      : problem;
  }

  /** @param {Event & { target: HTMLInputElement | HTMLTextAreaElement }} event */
  keep({ target }) {
    this.#draft.edits.set(target.name, target.value);
    drafts.set(this.#options.name, this.#draft);
  }

  cancel() {
    drafts.delete(this.#options.name);
    this.#options.onCancel();
  }

  /** @param {Event & { currentTarget: HTMLFormElement }} event */
  async submit(event) {
    event.preventDefault();
    const form = event.currentTarget;
    if (this.#isSending) return;
    this.#isSending = true;
    this.problem.value = undefined;
    try {
      const values = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)));
      const answer = await this.#options.send(values, this.#draft.identity);
      drafts.delete(this.#options.name);
      this.#options.onDone(answer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem.value = error;
      const first = form.querySelector('[aria-invalid]');
      if (first instanceof HTMLElement) first.focus();
    } finally {
      this.#isSending = false;
    }
  }
}

/**
 * @typedef {object} Field
 * @property {string} name by which the service knows it
 * @property {string} label
 * @property {string} hint
 * @property {string} [value] to begin with
 * @property {boolean} [required]
 * @property {boolean} [autofocus]
 * @property {string} [inputmode]
 * @property {string} [autocapitalize]
 * @property {string} [placeholder]
 */

/**
 * @template Answer
 * @param {Form<Answer>} form
 * @param {readonly Field[]} fields
 * @param {string} action what the button says
 */
export function formView(form, fields, action) {
  const summary = form.summary(fields.map(({ name }) => name));
  return html`
    <form @submit=${(/** @type {Event & { currentTarget: HTMLFormElement }} */ event) => form.submit(event)}
      @input=${(/** @type {Event & { target: HTMLInputElement }} */ event) => form.keep(event)}>
      ${form.isRestored ? html`<p class="note">What you typed is still here. “Cancel” throws it away.</p>` : nothing}
      ${fields.map((field) => fieldView({ ...field, value: form.initial(field.name, field.value) }, form.errorsOf(field.name)))}
      <div>${summary ? problemNote(summary) : nothing}</div>
      <div class="actions">
        <button class="primary" type="submit">${action}</button>
        <button type="button" @click=${() => form.cancel()}>Cancel</button>
      </div>
    </form>`;
}

/**
 * @param {Field} field
 * @param {readonly { message: string }[]} [errors]
 */
export function fieldView({ name, label, hint, value = '', required = false, ...field }, errors = []) {
  const id = `field-${name}`;
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <input id=${id} name=${name} .value=${value} ?required=${required} ?autofocus=${field.autofocus}
        inputmode=${field.inputmode ?? nothing} autocapitalize=${field.autocapitalize ?? 'none'}
        placeholder=${field.placeholder ?? nothing} autocomplete="off" spellcheck="false"
        aria-invalid=${errors.length > 0 ? 'true' : nothing}
        aria-describedby=${errors.length > 0 ? `${id}-hint ${id}-error` : `${id}-hint`} />
      <p class="hint" id="${id}-hint">${hint}</p>
      ${errors.length > 0 ? html`<p class="field-error" id="${id}-error">${errors.map(({ message }) => isolated(message))}</p>` : nothing}
    </div>`;
}
