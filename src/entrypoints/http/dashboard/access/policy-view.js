import { Action, outcome } from '../action.js';
import { formatClock } from '../format.js';
import { html, nothing } from '../packages.js';
import { Polled, polledCard } from '../polled.js';
import { isolated } from '../text.js';
import { apart } from '../view.js';
import { decisionForm } from './decision-form.js';
import { deletePolicy, findPolicy } from './policies.js';
import { openChangePolicy, openNewPolicy } from './policy-dialogs.js';

/**
 * @import { Html } from '../packages.js'
 * @import { Policy } from './policies.js'
 */

const INTERVAL_MS = 5_000;

/**
 * What one subject may do, and the changes that can be made to it.
 *
 * @param {string} subject
 * @param {() => void} onChange called when there is a policy that was not there before, or the other way round
 * @param {AbortSignal} until ends the view
 * @returns {() => Html}
 */
export function policyView(subject, onChange, until) {
  const known = /** @type {Polled<{ policy: Policy | undefined }>} */ (
    new Polled(async (signal) => ({ policy: await findPolicy(subject, signal) }), INTERVAL_MS, until)
  );
  const action = new Action();
  const decision = decisionForm(subject);
  document.title = `${subject} – Portside`;

  const take = (/** @type {Policy | undefined} */ policy, /** @type {string} */ effectiveBy) => {
    known.take({ policy });
    action.say(`In force everywhere from ${formatClock(effectiveBy)} on.`);
    onChange();
  };
  const set = (/** @type {Policy} */ policy) => {
    if (policy.subject === subject) take(policy, policy.effectiveBy);
    else location.hash = hrefOf(policy.subject);
  };
  const remove = (/** @type {Policy} */ policy) =>
    action.run({
      confirm: {
        title: `Delete the policy of ${subject}?`,
        text: isKey(subject)
          ? 'The key may then do everything again.'
          : 'Tokens may then do nothing of what only this policy allows, and are denied nothing by it.',
        action: 'Delete the policy',
        cancelLabel: 'Keep it',
      },
      meanwhile: 'Deleting…',
      act: () => deletePolicy(policy),
      report: ({ effectiveBy }) => {
        known.take({ policy: undefined });
        onChange();
        return `Deleted. In force everywhere from ${formatClock(effectiveBy)} on.`;
      },
    });

  const buttons = (/** @type {Policy | undefined} */ policy) =>
    policy
      ? html`
        <button type="button" @click=${() => openChangePolicy(policy, set)}>Change the policy…</button>
        <button class="danger" type="button" @click=${() => remove(policy)}>Delete the policy…</button>`
      : html`<button type="button" @click=${() => openNewPolicy(subject, set)}>Set a policy…</button>`;

  return () =>
    polledCard(known, {
      facts: html`<p>${kindOf(subject)}</p>`,
      heading: html`<h2 class="headline" tabindex="-1">${isolated(subject)}</h2>`,
      body: ({ policy }) => html`
        ${policy ? statements(policy) : html`<p class="note">${withoutPolicy(subject)}</p>`}
        <div class="actions">${buttons(policy)}</div>`,
      below: html`<div>${apart(() => outcome(action))}</div>${apart(decision)}`,
      absent: 'There is no such policy.',
    });
}

/** @param {string} subject */
export const hrefOf = (subject) => `#/access/${encodeURIComponent(subject)}`;

/** @param {string} subject */
const isKey = (subject) => subject.startsWith('key:');

/** @param {string} subject */
function kindOf(subject) {
  if (isKey(subject)) return 'API key';
  return subject.startsWith('group:') ? 'Group of a token' : 'Subject of a token';
}

/** @param {string} subject */
const withoutPolicy = (subject) =>
  isKey(subject)
    ? 'There is no policy for this key, so it may do everything.'
    : 'There is no policy for this subject, so it is allowed nothing and denied nothing.';

/** @param {Policy} policy */
const statements = ({ allow, deny }) => html`
  ${list('Allowed', allow, 'Nothing is allowed.')}
  ${deny.length > 0 ? list('Denied, whatever allows it', deny, '') : nothing}`;

/**
 * @param {string} title
 * @param {readonly string[]} texts
 * @param {string} none
 */
const list = (title, texts, none) => html`
  <section>
    <h3>${title}</h3>
    ${texts.length === 0 ? html`<p>${none}</p>` : html`<ul class="statements">${texts.map((text) => html`<li><code>${text}</code></li>`)}</ul>`}
  </section>`;
