import { openForm, WHOLE } from '../form.js';
import { Problem } from '../service.js';
import { configureQueue } from './tasks.js';

/**
 * @import { Field, Values } from '../form.js'
 * @import { Queue, QueueDraft } from './tasks.js'
 */

/**
 * @param {string} name
 * @param {string} label
 * @param {string} hint
 */
const whole = (name, label, hint) => ({ ...WHOLE, name, label, hint });

/** The settings by their paths, with a dot where they are part of another. @type {readonly (Field | readonly Field[])[]} */
const FIELDS = [
  {
    name: 'order',
    label: 'Order',
    hint: 'Adaptive: oldest first while all are in time, newest first under load.',
    options: [
      ['lifo', 'Newest first'],
      ['fifo', 'Oldest first'],
      ['adaptive', 'Adaptive'],
    ],
  },
  [
    whole('deadlineSeconds', 'Deadline in seconds', 'Of tasks that name none.'),
    whole('leaseSeconds', 'Lease in seconds', 'Of claims that name none.'),
    whole('maxPending', 'Open tasks at most', 'More are refused.'),
    whole('maxAttempts', 'Attempts', 'Then a task is a dead letter.'),
    whole('retry.firstSeconds', 'First wait in seconds', 'At most, before the second attempt.'),
    whole('retry.maxSeconds', 'Longest wait in seconds', 'At most, before any later attempt.'),
  ],
  {
    name: 'runner.url',
    label: 'Address that runs the tasks',
    hint: 'https://… Empty where workers claim the tasks themselves.',
    inputmode: 'url',
  },
  [
    whole('runner.concurrency', 'Calls at once', 'In each process.'),
    {
      name: 'runner.ratePerSecond',
      label: 'Calls per second',
      hint: 'In each process. No limit if empty.',
      inputmode: 'decimal',
      pattern: '\\s*\\d*\\.?\\d*\\s*',
    },
    whole('runner.timeoutMs', 'Time-out in ms', 'Of a call.'),
  ],
  {
    name: 'runner.headers',
    label: 'Headers of a call',
    hint: 'One on each line, such as X-Tenant: 7. A value that is *** stays as it is.',
    rows: 2,
  },
  {
    name: 'runner.secret',
    label: 'Secret that signs a call',
    hint: '16 to 128 characters. If it is ***, it stays as it is.',
  },
];

/** How headers are written in a field, one on each line. */
const headers = {
  write: (/** @type {Record<string, string>} */ all) =>
    Object.entries(all)
      .map((header) => header.join(': '))
      .join('\n'),
  read: (/** @type {string} */ text) =>
    Object.fromEntries(
      text.split(/\s*\n\s*/).map((line) => {
        const [name = '', value = ''] = line.split(/\s*:\s*(.*)/, 2);
        return [name, value];
      }),
    ),
};

/**
 * Shows the settings of a queue and sets others, unless somebody else has changed them meanwhile.
 *
 * @param {Queue & { etag: string }} queue
 * @param {() => void} onDone
 */
export const openSettings = (queue, onDone) =>
  openForm(`Settings of ${queue.queue}`, {
    name: `settings of ${queue.queue}`,
    text: 'What is left empty has its default.',
    fields: FIELDS.map((field) => ('name' in field ? filled(field, queue) : field.map((part) => filled(part, queue)))),
    action: 'Change the settings',
    send: async (values) => {
      try {
        return await configureQueue(queue.queue, draft(values), queue.etag);
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error;
        throw new Problem(
          'Somebody else has changed the settings meanwhile, so nothing was changed. Close this with the Escape key and ' +
            'open it again: what you typed stays.',
        );
      }
    },
    onDone,
    refusal: 'The queue cannot be set up like this. See what is said at the fields.',
  });

/**
 * @param {Field} field
 * @param {Queue} queue
 * @returns {Field}
 */
function filled(field, queue) {
  /** @type {any} */
  let value = queue;
  for (const name of field.name.split('.')) value = value?.[name];
  return { ...field, value: typeof value === 'object' ? headers.write(value) : String(value ?? '') };
}

/**
 * @param {Values} values
 * @returns {QueueDraft}
 */
function draft(values) {
  /** @type {any} */
  const draft = { retry: {}, runner: {} };
  for (const [path, text] of Object.entries(values)) {
    const [name = '', part = ''] = path.split('.').reverse();
    const isText = ['order', 'url', 'secret'].includes(name);
    const value = name === 'headers' ? headers.read(text.trim()) : isText ? text.trim() : Number(text);
    if (text.trim() !== '') (draft[part] ?? draft)[name] = value;
  }
  if (draft.runner.url === undefined) delete draft.runner;
  return draft;
}
