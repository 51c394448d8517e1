import { openForm } from '../form.js';
import { putPolicy } from './policies.js';

/**
 * @import { Field } from '../form.js'
 * @import { Policy } from './policies.js'
 */

const REFUSAL = 'This policy cannot be set. See what is said at the fields.';

/** @param {string} text */
const linesOf = (text) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/**
 * @param {Pick<Policy, 'allow' | 'deny'>} [policy] to begin with
 * @returns {readonly Field[]}
 */
const statementFields = ({ allow, deny } = { allow: [], deny: [] }) => [
  {
    name: 'allow',
    label: 'Allowed',
    hint: 'One request on each line, such as GET /queues/**: * is one segment or any method, and /** the rest of a path.',
    rows: 5,
    entries: linesOf,
    value: allow.join('\n'),
  },
  {
    name: 'deny',
    label: 'Denied',
    hint: 'Written in the same way. It wins over whatever allows, in other policies too.',
    rows: 3,
    entries: linesOf,
    value: deny.join('\n'),
  },
];

/** @param {Record<string, string>} values */
const draft = ({ allow = '', deny = '' }) => ({ allow: linesOf(allow), deny: linesOf(deny) });

/**
 * Asks for a new policy and sets it.
 *
 * @param {string} subject to begin with
 * @param {(policy: Policy) => void} onDone
 */
export const openNewPolicy = (subject, onDone) =>
  openForm('New policy', {
    name: `new policy of ${subject}`,
    fields: [
      {
        name: 'subject',
        label: 'Subject',
        hint: 'key:<name> of an API key; group:<name> or sub:<subject> of a bearer token.',
        required: true,
        autofocus: true,
        value: subject,
      },
      ...statementFields(),
    ],
    action: 'Set the policy',
    send: ({ subject = '', ...values }) => putPolicy(subject.trim(), draft(values)),
    onDone,
    refusal: REFUSAL,
  });

/**
 * Asks for other statements of a policy and sets them.
 *
 * @param {Policy} policy as it is
 * @param {(policy: Policy) => void} onDone
 */
export const openChangePolicy = (policy, onDone) =>
  openForm(`Change the policy of ${policy.subject}`, {
    name: `policy of ${policy.subject} at ${policy.revision}`,
    fields: statementFields(policy),
    action: 'Set the policy',
    send: (values) => putPolicy(policy.subject, draft(values), policy),
    onDone,
    refusal: REFUSAL,
  });
