import { openForm, WHOLE } from '../form.js';
import { Problem } from '../service.js';
import { queueHref } from './queue-list.js';
import { enqueueTask } from './tasks.js';

/**
 * @import { Field, Values } from '../form.js'
 * @import { NewTask } from './tasks.js'
 */

/**
 * Asks for a new task, enqueues it, and goes to it.
 *
 * @param {string} queue to begin with
 * @param {string} [payload] to begin with, as JSON
 */
export function openNewTask(queue, payload = '') {
  /** @type {readonly (Field | readonly Field[])[]} */
  const fields = [
    {
      name: 'queue',
      label: 'Queue',
      hint: 'Letters, digits, _ and -. A queue that is not there begins with this task.',
      value: queue,
      required: true,
    },
    {
      name: 'payload',
      label: 'Payload',
      hint: 'JSON of at most 32 KiB, such as {"to": "ann"}.',
      rows: 4,
      value: payload,
      required: true,
      autofocus: queue !== '',
    },
    [
      { name: 'delaySeconds', label: 'Delay in seconds', hint: 'None if empty.', ...WHOLE },
      { name: 'expiresInSeconds', label: 'Deadline in seconds', hint: 'The queue’s own if empty.', ...WHOLE },
      { name: 'maxAttempts', label: 'Attempts', hint: 'The queue’s own number if empty.', ...WHOLE },
    ],
  ];
  openForm('New task', {
    name: `new task in ${queue} ${payload}`,
    fields,
    action: 'Enqueue the task',
    send: async ({ queue = '', ...values }, identity) => enqueueTask(queue.trim(), draft(values), identity),
    onDone: (task) => {
      location.hash = `${queueHref(task.queue)}/${task.taskId}`;
    },
    refusal: 'The task cannot be enqueued like this. See what is said at the fields.',
  });
}

/**
 * @param {Values} values
 * @returns {NewTask}
 * @throws {Problem} unless the payload is JSON
 */
function draft({ payload = '', ...numbers }) {
  const given = Object.entries(numbers).filter(([, text]) => text.trim() !== '');
  return { payload: parsed(payload), ...Object.fromEntries(given.map(([name, text]) => [name, Number(text)])) };
}

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
