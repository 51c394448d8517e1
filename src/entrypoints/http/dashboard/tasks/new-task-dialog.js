import { openDialog } from '../legacy/dialog.js';
import { element } from '../legacy/dom.js';
import { Form, field } from '../legacy/form.js';
import { Problem } from '../service.js';
import { enqueueTask } from './tasks.js';

/** @import { NewTask, Task } from './tasks.js' */

/**
 * Asks for a new task and enqueues it.
 *
 * @param {string} queue to begin with
 * @param {(task: Task) => void} onDone
 */
export const openNewTaskDialog = (queue, onDone) =>
  openDialog('New task', (close) => {
    const name = element('input', {
      name: 'queue',
      required: true,
      autocomplete: 'off',
      spellcheck: 'false',
      autocapitalize: 'none',
      value: queue,
    });
    const payload = element('textarea', {
      name: 'payload',
      rows: 4,
      required: true,
      spellcheck: 'false',
      autofocus: queue !== '',
    });
    const delaySeconds = numberInput('delaySeconds');
    const expiresInSeconds = numberInput('expiresInSeconds');
    const maxAttempts = numberInput('maxAttempts');
    /** @returns {NewTask} */
    const draft = () => ({
      payload: parsed(payload.value),
      ...numberOf(delaySeconds),
      ...numberOf(expiresInSeconds),
      ...numberOf(maxAttempts),
    });
    const form = new Form({
      name: `new task in ${queue}`,
      fields: [
        field('Queue', name, 'Letters, digits, _ and -. A queue that is not there begins with this task.'),
        field('Payload', payload, 'JSON of at most 32 KiB, such as {"to": "ann"}.'),
        element(
          'div',
          { class: 'pair' },
          field('Delay in seconds', delaySeconds, 'None if empty.'),
          field('Deadline in seconds', expiresInSeconds, 'The queue’s own if empty.'),
          field('Attempts', maxAttempts, 'The queue’s own number if empty.'),
        ),
      ],
      action: 'Enqueue the task',
      // However often this dialog is sent, it makes one task.
      send: async (identity) => enqueueTask(name.value.trim(), draft(), identity),
      onDone: (task) => {
        close();
        onDone(task);
      },
      onCancel: close,
      refusal: 'The task cannot be enqueued like this. See what is said at the fields.',
    });
    return form.element;
  });

/** @param {string} name */
const numberInput = (name) =>
  element('input', { name, inputmode: 'numeric', pattern: '\\s*\\d*\\s*', autocomplete: 'off' });

/** @param {HTMLInputElement} input */
const numberOf = ({ name, value }) => (value.trim() === '' ? {} : { [name]: Number(value) });

/**
 * @param {string} text
 * @returns {unknown}
 * @throws {Problem} unless it is JSON
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    const message = 'must be JSON, such as {"to": "ann"} or "a text in quotes"';
    throw new Problem(`payload: ${message}`, { errors: [{ path: 'payload', message }] });
  }
}
