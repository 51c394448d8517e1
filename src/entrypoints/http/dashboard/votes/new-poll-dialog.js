import { openDialog } from '../dialog.js';
import { element, isolated } from '../dom.js';
import { problemNote } from '../problem-note.js';
import { Problem } from '../service.js';
import { createPoll } from './polls.js';

/** @import { NewPoll, Poll } from './polls.js' */

/**
 * Asks for a new poll and creates it.
 *
 * @param {(poll: Poll) => void} onCreated
 */
export const openNewPollDialog = (onCreated) =>
  openDialog('New poll', (close) => {
    const form = new NewPollForm((poll) => {
      close();
      onCreated(poll);
    }, close);
    return form.element;
  });

const LATEST = '9999-12-31T23:59';

class NewPollForm {
  #question = element('textarea', { name: 'question', rows: 2, required: true, autofocus: true });
  #choices = element('textarea', { name: 'choices', rows: 4, required: true, spellcheck: 'false' });
  #opensAt = element('input', { name: 'opensAt', type: 'datetime-local', max: LATEST });
  #closesAt = element('input', { name: 'closesAt', type: 'datetime-local', max: LATEST });
  #voterLimit = element('input', { name: 'voterLimit', type: 'checkbox' });
  #hideUntilClose = element('input', { name: 'hideUntilClose', type: 'checkbox' });
  #smsNumber = element('input', { name: 'smsNumber', type: 'tel', autocomplete: 'off', placeholder: '+15551234567' });
  #pollId = element('input', { name: 'pollId', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none' });
  #problem = element('div');
  #onCreated;
  #isSending = false;

  /**
   * @param {(poll: Poll) => void} onCreated
   * @param {() => void} onCancel
   */
  constructor(onCreated, onCancel) {
    this.#onCreated = onCreated;
    this.element = element(
      'form',
      { class: 'new-poll', submit: (/** @type {Event} */ event) => this.#submit(event) },
      field('Question', this.#question),
      field('Choices', this.#choices, 'One on each line, 2 to 100 of them.'),
      element(
        'div',
        { class: 'pair' },
        field('Opens', this.#opensAt, 'At once if empty. Your local time.'),
        field('Closes', this.#closesAt, 'By hand if empty.'),
      ),
      checkbox('One vote for each voter', this.#voterLimit),
      checkbox('Hide the results until the poll closes', this.#hideUntilClose),
      element(
        'div',
        { class: 'pair' },
        field('Phone number for votes by SMS', this.#smsNumber, 'With country code; may be empty.'),
        field('Id', this.#pollId, 'Letters, digits, _ and -; made if empty.'),
      ),
      this.#problem,
      element(
        'div',
        { class: 'actions' },
        element('button', { class: 'primary', type: 'submit' }, 'Create the poll'),
        element('button', { type: 'button', click: onCancel }, 'Cancel'),
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
      this.#onCreated(await createPoll(this.#draft()));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#showProblem(error);
    } finally {
      this.#isSending = false;
    }
  }

  /** @returns {NewPoll} what is filled in */
  #draft() {
    return {
      question: this.#question.value.trim(),
      choices: this.#choiceLines(),
      ...(this.#pollId.value ? { pollId: this.#pollId.value.trim() } : {}),
      ...(this.#opensAt.value ? { opensAt: new Date(this.#opensAt.value).toISOString() } : {}),
      ...(this.#closesAt.value ? { closesAt: new Date(this.#closesAt.value).toISOString() } : {}),
      ...(this.#smsNumber.value ? { smsNumber: this.#smsNumber.value.replaceAll(/[\s().-]/g, '') } : {}),
      voterLimit: this.#voterLimit.checked ? 'one' : 'none',
      hideUntilClose: this.#hideUntilClose.checked,
    };
  }

  #choiceLines() {
    return this.#choices.value
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
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
    const lines = this.#choiceLines();
    const inputs = [...this.element.querySelectorAll('[name]')];
    const homeless = problem.errors.filter(({ path, message }) => {
      const [, name, index] = /^([A-Za-z]+)(?:\[(\d+)\])?$/.exec(path) ?? [];
      const input = inputs.find((candidate) => candidate.getAttribute('name') === name);
      if (!input) return true;
      const line = index === undefined ? undefined : lines[Number(index)];
      const error = element(
        'p',
        { class: 'field-error', id: `${input.id}-error` },
        ...(line === undefined ? [] : ['“', isolated(line), '” ']),
        isolated(message),
      );
      input.closest('.field')?.append(error);
      input.setAttribute('aria-invalid', 'true');
      describe(input, `${input.id}-hint ${input.id}-error`);
      return false;
    });
    const summary =
      problem.errors.length > homeless.length
        ? new Problem('The poll cannot be created like this. See what is said at the fields.', { errors: homeless })
        : problem;
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
function field(label, input, hint) {
  input.id = `new-poll-${input.name}`;
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
function checkbox(label, input) {
  input.id = `new-poll-${input.name}`;
  return element('div', { class: 'field is-checkbox' }, input, element('label', { for: input.id }, label));
}
