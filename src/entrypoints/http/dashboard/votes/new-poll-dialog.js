import { openDialog } from '../dialog.js';
import { element } from '../dom.js';
import { checkbox, Form, field } from '../form.js';
import { createPoll } from './polls.js';

/** @import { NewPoll, Poll } from './polls.js' */

const LATEST = '9999-12-31T23:59';

/**
 * Asks for a new poll and creates it.
 *
 * @param {(poll: Poll) => void} onCreated
 */
export const openNewPollDialog = (onCreated) =>
  openDialog('New poll', (close) => {
    const fields = new NewPollFields();
    const form = new Form({
      name: 'new poll',
      fields: fields.elements,
      action: 'Create the poll',
      send: () => createPoll(fields.draft()),
      onDone: (poll) => {
        close();
        onCreated(poll);
      },
      onCancel: close,
      refusal: 'The poll cannot be created like this. See what is said at the fields.',
      entry: (_, index) => fields.choiceLines()[index],
    });
    return form.element;
  });

class NewPollFields {
  #question = element('textarea', { name: 'question', rows: 2, required: true, autofocus: true });
  #choices = element('textarea', { name: 'choices', rows: 4, required: true, spellcheck: 'false' });
  #opensAt = element('input', { name: 'opensAt', type: 'datetime-local', max: LATEST });
  #closesAt = element('input', { name: 'closesAt', type: 'datetime-local', max: LATEST });
  #voterLimit = element('input', { name: 'voterLimit', type: 'checkbox' });
  #hideUntilClose = element('input', { name: 'hideUntilClose', type: 'checkbox' });
  #smsNumber = element('input', { name: 'smsNumber', type: 'tel', autocomplete: 'off', placeholder: '+15551234567' });
  #pollId = element('input', { name: 'pollId', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none' });

  get elements() {
    return [
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
    ];
  }

  /** @returns {NewPoll} what is filled in */
  draft() {
    return {
      question: this.#question.value.trim(),
      choices: this.choiceLines(),
      ...(this.#pollId.value ? { pollId: this.#pollId.value.trim() } : {}),
      ...(this.#opensAt.value ? { opensAt: new Date(this.#opensAt.value).toISOString() } : {}),
      ...(this.#closesAt.value ? { closesAt: new Date(this.#closesAt.value).toISOString() } : {}),
      ...(this.#smsNumber.value ? { smsNumber: this.#smsNumber.value.replaceAll(/[\s().-]/g, '') } : {}),
      voterLimit: this.#voterLimit.checked ? 'one' : 'none',
      hideUntilClose: this.#hideUntilClose.checked,
    };
  }

  choiceLines() {
    return this.#choices.value
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
  }
}
