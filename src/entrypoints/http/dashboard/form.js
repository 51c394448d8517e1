import { openDialog } from './dialog.js';
import { html, nothing, signal } from './packages.js';
import { problemNote } from './problem-note.js';
import { newIdentity, Problem } from './service.js';
import { isolated } from './text.js';

/**
 * What is filled in, by the names of the fields; a checkbox that is not checked is left out.
 *
 * @typedef {Record<string, string>} Values
 *
 * @typedef {object} Field
 * @property {string} name by which the service knows it
 * @property {string} label
 * @property {string | ((value: string) => string)} [hint] goes by what is filled in, if it is a function
 * @property {string} [type] of the input, such as `checkbox`
 * @property {number} [rows] of a field for several lines
 * @property {readonly (readonly [value: string, words: string])[]} [options] to choose from
 * @property {(value: string) => readonly string[]} [entries] those that it holds, where the service names each by its place
 * @property {string} [value] to begin with; of a checkbox anything but an empty one is checked
 * @property {boolean} [required]
 * @property {boolean} [autofocus]
 * @property {boolean} [spellcheck]
 * @property {string} [inputmode]
 * @property {string} [pattern]
 * @property {string} [max]
 * @property {string} [autocapitalize]
 * @property {string} [placeholder]
 */

/** What a field has that takes a whole number. */
export const WHOLE = { inputmode: 'numeric', pattern: '\\s*\\d*\\s*' };

/**
 * @template Answer
 * @typedef {object} FormOptions
 * @property {string} [name] under which a draft is kept; none is without
 * @property {string} [text] what is to be known before
 * @property {readonly (Field | readonly Field[])[]} fields those of an inner list stand side by side
 * @property {string} action what the button says
 * @property {string} [cancelLabel] what the other button says
 * @property {boolean} [isDangerous] whether what the button does cannot be undone
 * @property {(values: Values, identity: string) => Promise<Answer>} send sends what is filled in; the identity stays the
 * same however often that is, so that it can be done once
 * @property {(answer: Answer) => void} onDone called when the dialog is closed
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
 * Opens a dialog with a form that is sent to the service. What the service has against it stands at the fields.
 *
 * @template Answer
 * @param {string} title
 * @param {FormOptions<Answer>} options
 */
export const openForm = (title, options) =>
  openDialog(title, (close) => {
    const form = /** @type {Form<Answer>} */ (new Form(options, close));
    return () => formView(form);
  });

/** @template Answer */
class Form {
  options;
  isRestored;
  edits;
  /** What was sent, and what the service had against it. */
  refused = signal(/** @type {{ values: Values, problem: Problem } | undefined} */ (undefined));
  isSending = signal(false);
  #close;
  #identity;
  #initial;

  /**
   * @param {FormOptions<Answer>} options
   * @param {() => void} close
   */
  constructor(options, close) {
    const kept = drafts.get(options.name ?? '');
    this.options = options;
    this.#close = close;
    this.#identity = kept?.identity ?? newIdentity();
    this.#initial = kept?.edits;
    this.edits = signal(kept?.edits ?? new Map());
    this.isRestored = kept !== undefined;
  }

  /**
   * A field as it is to be shown. What it begins with stays: the viewer may have typed half of a date since.
   *
   * @param {Field} field
   */
  shown(field) {
    const { name, value = '', hint } = field;
    return {
      ...field,
      value: this.#initial?.get(name) ?? value,
      hint: typeof hint === 'function' ? hint(this.edits.value.get(name) ?? value) : hint,
    };
  }

  /**
   * What is wrong with a field, and with which entry of it.
   *
   * @param {Field} field
   * @returns {FieldError[]}
   */
  errorsOf({ name, entries }) {
    const { values, problem } = this.refused.value ?? {};
    return (problem?.errors ?? [])
      .filter(({ path }) => isOf(path, name))
      .map(({ path, message }) => {
        const [, index, key] = /^(?:\[(\d+)\]|\.(.+))$/.exec(path.slice(name.length)) ?? [];
        return { message, entry: index ? entries?.(values?.[name] ?? '')[Number(index)] : key };
      });
  }

  /** What is said of the form as a whole. */
  get summary() {
    const { problem } = this.refused.value ?? {};
    const names = this.options.fields.flat().map(({ name }) => name);
    const unmatchedErrors = problem?.errors.filter(({ path }) => !names.some((name) => isOf(path, name))) ?? [];
    return problem && problem.errors.length > unmatchedErrors.length
      ? new Problem(this.options.refusal, { errors: unmatchedErrors })
      : problem;
  }

  /** @param {Event & { target: HTMLInputElement }} event */
  keep({ target: { name, type, value, checked } }) {
    this.edits.value = new Map(this.edits.value).set(name, type !== 'checkbox' ? value : checked ? 'on' : '');
    if (this.options.name) drafts.set(this.options.name, { identity: this.#identity, edits: this.edits.value });
  }

  cancel() {
    drafts.delete(this.options.name ?? '');
    this.#close();
  }

  /** @param {Event & { currentTarget: HTMLFormElement }} event */
  async submit(event) {
    event.preventDefault();
    const form = event.currentTarget;
    if (this.isSending.value) return;
    this.isSending.value = true;
    this.refused.value = undefined;
    const values = /** @type {Values} */ (Object.fromEntries(new FormData(form)));
    try {
      const answer = await this.options.send(values, this.#identity);
      drafts.delete(this.options.name ?? '');
      this.#close();
      this.options.onDone(answer);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.refused.value = { values, problem };
      const first = form.querySelector('[aria-invalid]');
      if (first instanceof HTMLElement) first.focus();
    } finally {
      this.isSending.value = false;
    }
  }
}

/**
 * @param {string} path as the service names what is wrong
 * @param {string} name of a field
 */
const isOf = (path, name) => path === name || path.startsWith(`${name}[`) || path.startsWith(`${name}.`);

/**
 * @template Answer
 * @param {Form<Answer>} form
 */
function formView(form) {
  const { text, fields, action, isDangerous, cancelLabel = 'Cancel' } = form.options;
  const { summary } = form;
  const view = (/** @type {Field} */ field) => fieldView(form.shown(field), form.errorsOf(field));
  return html`
    <form @submit=${(/** @type {Event & { currentTarget: HTMLFormElement }} */ event) => form.submit(event)}
      @input=${(/** @type {Event & { target: HTMLInputElement }} */ event) => form.keep(event)}>
      ${text === undefined ? nothing : html`<p>${text}</p>`}
      ${form.isRestored ? html`<p class="note">What you typed is still here. “Cancel” throws it away.</p>` : nothing}
      ${fields.map((field) => ('name' in field ? view(field) : html`<div class="pair">${field.map(view)}</div>`))}
      <p class="hint" role="status">${form.isSending.value ? 'Sending…' : nothing}</p>
      <div>${summary ? problemNote(summary) : nothing}</div>
      <div class="actions">
        <button class=${isDangerous ? 'danger' : 'primary'} type="submit">${action}</button>
        <button type="button" @click=${() => form.cancel()}>${cancelLabel}</button>
      </div>
    </form>`;
}

/**
 * @typedef {object} FieldError
 * @property {string} message
 * @property {string | undefined} [entry] the one of several that it is about
 *
 * @param {Omit<Field, 'hint'> & { hint?: string | undefined }} field
 * @param {readonly FieldError[]} [errors]
 */
export function fieldView(field, errors = []) {
  const { name, label, hint } = field;
  const id = `field-${name}`;
  const isWrong = errors.length > 0;
  const described = [...(hint ? [`${id}-hint`] : []), ...(isWrong ? [`${id}-error`] : [])].join(' ') || nothing;
  const input = inputView(field, id, isWrong ? 'true' : nothing, described);
  const labelled = html`<label for=${id}>${label}</label>`;
  return html`
    <div class=${field.type === 'checkbox' ? 'field is-checkbox' : 'field'}>
      ${field.type === 'checkbox' ? [input, labelled] : [labelled, input]}
      ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : nothing}
      ${isWrong ? html`<div class="field-error" id="${id}-error">${errors.map(errorView)}</div>` : nothing}
    </div>`;
}

/** @param {FieldError} error */
const errorView = ({ message, entry }) =>
  html`<p>${entry === undefined ? nothing : html`“${isolated(entry)}” `}${isolated(message)}</p>`;

/**
 * @param {Field} field
 * @param {string} id
 * @param {'true' | typeof nothing} isWrong
 * @param {string | typeof nothing} described the ids of what describes it
 */
function inputView(
  { name, type = 'text', value = '', required = false, rows, options, ...more },
  id,
  isWrong,
  described,
) {
  if (rows !== undefined)
    return html`<textarea id=${id} name=${name} rows=${rows} .value=${value} ?required=${required}
      ?autofocus=${more.autofocus} spellcheck=${more.spellcheck ?? false} aria-invalid=${isWrong}
      aria-describedby=${described}></textarea>`;
  if (options !== undefined)
    return html`<select id=${id} name=${name} aria-invalid=${isWrong} aria-describedby=${described}>
      ${options.map(([each, words]) => html`<option value=${each} ?selected=${each === value}>${words}</option>`)}
    </select>`;
  if (type === 'checkbox')
    return html`<input id=${id} name=${name} type="checkbox" .checked=${value !== ''} aria-invalid=${isWrong}
      aria-describedby=${described} />`;
  return html`<input id=${id} name=${name} type=${type} .value=${value} ?required=${required}
    ?autofocus=${more.autofocus} inputmode=${more.inputmode ?? nothing} autocapitalize=${more.autocapitalize ?? 'none'}
    placeholder=${more.placeholder ?? nothing} pattern=${more.pattern ?? nothing} max=${more.max ?? nothing}
    autocomplete="off" spellcheck="false" aria-invalid=${isWrong} aria-describedby=${described} />`;
}
