import { Action } from '../action.js';
import { fieldView } from '../form.js';
import { html, nothing } from '../packages.js';
import { problemNote } from '../problem-note.js';
import { isolated } from '../text.js';
import { explain } from './policies.js';

/**
 * @import { Html } from '../packages.js'
 * @import { Decision, Question } from './policies.js'
 */

/** @type {readonly (readonly [Question['method'], string])[]} */
const METHODS = [
  ['GET', 'GET'],
  ['POST', 'POST'],
  ['PUT', 'PUT'],
  ['PATCH', 'PATCH'],
  ['DELETE', 'DELETE'],
];

/**
 * Asks what a caller may do, and why.
 *
 * @param {string} subject to begin with
 * @returns {() => Html}
 */
export function decisionForm(subject) {
  const action = new Action();
  const ask = (/** @type {Event & { target: HTMLFormElement }} */ event) => {
    event.preventDefault();
    const values = new FormData(event.target);
    const text = (/** @type {string} */ name) => String(values.get(name)).trim();
    const question = {
      subjects: text('subjects')
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== ''),
      method: /** @type {Question['method']} */ (text('method')),
      path: text('path'),
    };
    void action.run({
      meanwhile: 'Asking…',
      act: () => explain(question),
      report: (decision) => verdict(question, decision),
    });
  };
  const subjects = fieldView({
    name: 'subjects',
    label: 'Caller',
    hint: 'One subject on each line: those of a token count together.',
    rows: 2,
    required: true,
    value: subject,
  });
  const method = fieldView({ name: 'method', label: 'Method', options: METHODS, value: 'GET' });
  const path = fieldView({ name: 'path', label: 'Path', required: true, placeholder: '/queues/mails' });
  return () => html`
    <section class="controls" aria-labelledby="decision-title">
      <h3 id="decision-title">What may this caller do, and why?</h3>
      <form class="stack" @submit=${ask}>
        ${subjects}
        <div class="request">${method}${path}</div>
        <div class="actions"><button type="submit">Ask</button></div>
      </form>
      <div role="status">${action.report.value}</div>
      <div>${action.problem.value ? problemNote(action.problem.value) : nothing}</div>
    </section>`;
}

/**
 * @param {Question} question
 * @param {Decision} decision
 */
const verdict = ({ method, path }, { allowed, by }) => html`
  <p class=${allowed ? 'verdict' : 'verdict is-refused'}><strong>${allowed ? 'Allowed' : 'Refused'}</strong>: <code>${method} ${path}</code>${
    by
      ? html` is ${by.effect === 'allow' ? 'allowed' : 'denied'} to ${isolated(by.subject)} by <code>${by.statement}</code>.`
      : allowed
        ? html` is open to every caller, whatever policies say.`
        : html`: no statement for this caller covers it.`
  }</p>`;
