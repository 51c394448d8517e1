import { openForm } from '../form.js';
import { formatOffset } from '../format.js';
import { Problem } from '../service.js';
import { momentsOf } from '../time.js';
import { createPoll } from './polls.js';

/**
 * @import { Field, Values } from '../form.js'
 * @import { NewPoll, Poll } from './polls.js'
 */

const REFUSAL = 'The poll cannot be created like this. See what is said at the fields.';
const LATEST = '9999-12-31T23:59';

/**
 * Asks for a new poll and creates it.
 *
 * @param {(poll: Poll) => void} onDone
 */
export const openNewPollDialog = (onDone) =>
  openForm('New poll', {
    name: 'new poll',
    fields: [
      { name: 'question', label: 'Question', rows: 2, required: true, autofocus: true, spellcheck: true },
      {
        name: 'choices',
        label: 'Choices',
        hint: 'One on each line, 2 to 100 of them.',
        rows: 4,
        required: true,
        entries: linesOf,
      },
      [
        momentField('opensAt', 'Opens', 'Leave empty to open now.'),
        momentField('closesAt', 'Closes', 'Leave empty to close it yourself.'),
      ],
      { name: 'voterLimit', label: 'One vote for each voter', type: 'checkbox' },
      { name: 'hideUntilClose', label: 'Hide the results until the poll closes', type: 'checkbox' },
      [
        {
          name: 'smsNumber',
          label: 'Phone number for SMS',
          hint: 'With country code; may be empty.',
          type: 'tel',
          placeholder: '+15551234567',
        },
        { name: 'pollId', label: 'Id', hint: 'Letters, digits, _ and -; generated if empty.' },
      ],
    ],
    action: 'Create the poll',
    send: async (values) => createPoll(draft(values)),
    onDone,
    refusal: REFUSAL,
  });

/**
 * A date and time in the viewer's zone, which it names; it says when clocks skip or repeat that time.
 *
 * @param {string} name
 * @param {string} label
 * @param {string} ifEmpty what it means to leave it empty
 * @returns {Field}
 */
const momentField = (name, label, ifEmpty) => ({
  name,
  label,
  type: 'datetime-local',
  max: LATEST,
  hint: (value) => {
    const [at = Date.now(), another] = momentsOf(value);
    const where = `${[...new Set([zone(), formatOffset(at)])].join(', ')}.`;
    if (value === '') return `${where} ${ifEmpty}`;
    if (isSkipped(value)) return `${zone()}. Clocks skip this time on that day.`;
    return another === undefined ? where : `${where} This time comes twice; the first is meant.`;
  },
});

const zone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'Your local time';

/** @param {string} value of a field for a date and time */
const isSkipped = (value) => value !== '' && momentsOf(value).length === 0;

/** @param {string} value */
const linesOf = (value) =>
  value
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/**
 * @param {Values} values
 * @returns {NewPoll} what is filled in
 * @throws {Problem} where a time does not exist, or the poll would be over before it is there
 */
function draft({ question = '', choices = '', opensAt = '', closesAt = '', smsNumber, pollId, ...checked }) {
  const errors = Object.entries({ opensAt, closesAt })
    .filter(([, value]) => isSkipped(value))
    .map(([path]) => ({ path, message: `does not exist: on that day clocks skip this time in ${zone()}` }));
  // Of a time that comes twice the first is meant.
  const [[opens], [closes]] = [momentsOf(opensAt), momentsOf(closesAt)];
  if (closes !== undefined && closes <= Date.now())
    errors.push({ path: 'closesAt', message: 'is over: a poll that closes in the past takes no vote' });
  if (errors.length > 0) throw new Problem(REFUSAL, { errors });
  return {
    question: question.trim(),
    choices: linesOf(choices),
    ...(pollId ? { pollId: pollId.trim() } : {}),
    ...(opens === undefined ? {} : { opensAt: new Date(opens).toISOString() }),
    ...(closes === undefined ? {} : { closesAt: new Date(closes).toISOString() }),
    ...(smsNumber ? { smsNumber: smsNumber.replace(/[\s().-]/g, '') } : {}),
    voterLimit: checked.voterLimit ? 'one' : 'none',
    hideUntilClose: checked.hideUntilClose !== undefined,
  };
}
