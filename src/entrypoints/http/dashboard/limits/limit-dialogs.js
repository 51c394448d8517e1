import { openForm, WHOLE } from '../form.js';
import { Problem } from '../service.js';
import { putLimit } from './limits.js';

/**
 * @import { Field, Values } from '../form.js'
 * @import { Limit, LimitDraft } from './limits.js'
 */

const REFUSAL = 'There cannot be such a limit. See what is said at the fields.';

/** The settings by their paths. @type {readonly (Field | readonly Field[])[]} */
const FIELDS = [
  [
    { ...WHOLE, name: 'rate.requests', label: 'Requests', hint: 'Steadily. No rate if empty.' },
    { ...WHOLE, name: 'rate.perSeconds', label: 'Per seconds' },
    { ...WHOLE, name: 'rate.burst', label: 'Burst', hint: 'The most at once.' },
  ],
  [
    { ...WHOLE, name: 'quota.requests', label: 'Quota', hint: 'No quota if empty.' },
    {
      name: 'quota.per',
      label: 'Of each',
      options: [
        ['hour', 'Hour of UTC'],
        ['day', 'Day of UTC'],
        ['month', 'Month of UTC'],
      ],
    },
  ],
  {
    name: 'mode',
    label: 'Mode',
    hint: 'In shadow mode nothing is refused, and what would have been is counted.',
    options: [
      ['enforce', 'Enforce'],
      ['shadow', 'Shadow'],
    ],
  },
  {
    name: 'accuracy',
    label: 'Accuracy',
    hint: 'Leased is cheaper under load, and never above the limit.',
    options: [
      ['exact', 'Exact'],
      ['leased', 'Leased'],
    ],
  },
  {
    name: 'onStoreFailure',
    label: 'While the store is away',
    options: [
      ['local', 'Each process limits by itself'],
      ['open', 'Allow'],
      ['closed', 'Answer 503'],
    ],
  },
];

/** @param {(limit: Limit) => void} onDone */
export const openNewLimit = (onDone) =>
  openForm('New limit', {
    name: 'new limit',
    fields: [
      { name: 'policyId', label: 'Id', hint: 'Letters, digits, _ and -.', required: true, autofocus: true },
      ...FIELDS,
    ],
    action: 'Create the limit',
    send: async ({ policyId = '', ...values }) => {
      try {
        return await putLimit(policyId.trim(), draft(values));
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error;
        throw new Problem(`There is a limit "${policyId.trim()}" already. Choose it in the list to change it.`);
      }
    },
    onDone,
    refusal: REFUSAL,
  });

/**
 * Shows a limit and sets another in its place, unless somebody else has changed it meanwhile.
 *
 * @param {Limit & { etag: string }} limit
 * @param {(limit: Limit) => void} onDone
 */
export const openLimitSettings = (limit, onDone) =>
  openForm(`Change ${limit.policyId}`, {
    name: `limit ${limit.policyId}`,
    text: 'It is in force everywhere within a second.',
    fields: FIELDS.map((field) => ('name' in field ? filled(field, limit) : field.map((part) => filled(part, limit)))),
    action: 'Change the limit',
    send: async (values) => {
      try {
        return await putLimit(limit.policyId, draft(values), limit.etag);
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error;
        throw new Problem(
          'Somebody else has changed the limit meanwhile, so nothing was changed. Close this with the Escape key and open ' +
            'it again: what you typed stays.',
        );
      }
    },
    onDone,
    refusal: REFUSAL,
  });

/**
 * @param {Field} field
 * @param {Limit} limit
 * @returns {Field}
 */
function filled(field, limit) {
  /** @type {any} */
  let value = limit;
  for (const name of field.name.split('.')) value = value?.[name];
  return { ...field, value: String(value ?? '') };
}

/**
 * @param {Values} values
 * @returns {LimitDraft}
 */
function draft(values) {
  const text = (/** @type {string} */ name) => values[name]?.trim() ?? '';
  const number = (/** @type {string} */ name) =>
    text(name) === '' ? {} : { [name.split('.')[1] ?? '']: Number(text(name)) };
  const rate = { ...number('rate.requests'), ...number('rate.perSeconds'), ...number('rate.burst') };
  const quota = number('quota.requests');
  return /** @type {LimitDraft} */ ({
    ...(Object.keys(rate).length > 0 && { rate }),
    ...(Object.keys(quota).length > 0 && { quota: { ...quota, per: text('quota.per') } }),
    mode: text('mode'),
    accuracy: text('accuracy'),
    onStoreFailure: text('onStoreFailure'),
  });
}
