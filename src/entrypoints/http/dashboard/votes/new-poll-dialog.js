import { openDialog } from '../legacy/dialog.js';
import { element } from '../legacy/dom.js';
import { checkbox, Form, field } from '../legacy/form.js';
import { Problem } from '../service.js';
import { MomentField } from './moment-field.js';
import { createPoll } from './polls.js';

/** @import { NewPoll, Poll } from './polls.js' */

const REFUSAL = 'The poll cannot be created like this. See what is said at the fields.';

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
      send: async () => createPoll(fields.draft()),
      onDone: (poll) => {
        close();
        onCreated(poll);
      },
      onCancel: close,
      refusal: REFUSAL,
      entry: (_, index) => fields.choiceLines()[index],
    });
    return form.element;
  });

class NewPollFields {
  #question = element('textarea', { name: 'question', rows: 2, required: true, autofocus: true });
  #choices = element('textarea', { name: 'choices', rows: 4, required: true, spellcheck: 'false' });
  #opensAt = new MomentField('opensAt', 'Opens', 'Leave empty to open now.');
  #closesAt = new MomentField('closesAt', 'Closes', 'Leave empty to close it yourself.');
  #voterLimit = element('input', { name: 'voterLimit', type: 'checkbox' });
  #hideUntilClose = element('input', { name: 'hideUntilClose', type: 'checkbox' });
  #smsNumber = element('input', { name: 'smsNumber', type: 'tel', autocomplete: 'off', placeholder: '+15551234567' });
  #pollId = element('input', { name: 'pollId', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none' });

  get elements() {
    return [
      field('Question', this.#question),
      field('Choices', this.#choices, 'One on each line, 2 to 100 of them.'),
      element('div', { class: 'pair' }, this.#opensAt.element, this.#closesAt.element),
      checkbox('One vote for each voter', this.#voterLimit),
      checkbox('Hide the results until the poll closes', this.#hideUntilClose),
      element(
        'div',
        { class: 'pair' },
        field('Phone number for SMS', this.#smsNumber, 'With country code; may be empty.'),
        field('Id', this.#pollId, 'Letters, digits, _ and -; generated if empty.'),
      ),
    ];
  }

  /**
   * @returns {NewPoll} what is filled in
   * @throws {Problem} where a time does not exist, or the poll would be over before it is there
   */
  draft() {
    const [opensAt, closesAt] = [this.#opensAt.at, this.#closesAt.at];
    const errors = [...this.#opensAt.errors, ...this.#closesAt.errors];
    if (closesAt !== undefined && closesAt <= Date.now())
      errors.push({ path: 'closesAt', message: 'is over: a poll that closes in the past takes no vote' });
    if (errors.length > 0) throw new Problem(REFUSAL, { errors });
    return {
      question: this.#question.value.trim(),
      choices: this.choiceLines(),
      ...(this.#pollId.value ? { pollId: this.#pollId.value.trim() } : {}),
      ...(opensAt === undefined ? {} : { opensAt: new Date(opensAt).toISOString() }),
      ...(closesAt === undefined ? {} : { closesAt: new Date(closesAt).toISOString() }),
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
