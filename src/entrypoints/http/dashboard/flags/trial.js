import { fieldView } from '../form.js';
import { formatCount } from '../format.js';
import { html, nothing, signal } from '../packages.js';
import { isolated } from '../text.js';
import { apart } from '../view.js';
import { linesOf } from './draft.js';
import { explain } from './evaluation.js';
import { conditionInWords, serveInWords, valueInWords } from './words.js';

/**
 * @import { EvaluationContext } from '../../../../domain/flags/evaluate.ts'
 * @import { Condition, Flag } from '../../../../domain/flags/flag.ts'
 * @import { Explanation, Step } from './evaluation.js'
 * @import { FlagSet } from './flags.js'
 *
 * @typedef {object} Tried
 * @property {FlagSet} set
 * @property {Flag} flag as it is stored, or as somebody has typed it
 * @property {boolean} isDraft
 */

/** What was typed last, for the next flag as well. */
const typed = signal(/** @type {Record<string, string>} */ ({ user: 'user-1', attributes: '' }));

/**
 * Says what a user gets of a flag, and why. Nothing is sent.
 *
 * @param {() => Tried | undefined} current
 */
export function trial(current) {
  const initial = typed.value;
  const change = (/** @type {Event & { target: HTMLInputElement }} */ { target: { name, value } }) => {
    typed.value = { ...typed.value, [name.replace('tried-', '')]: value };
  };
  const user = fieldView({ name: 'tried-user', label: 'User', hint: 'The targetingKey.', value: initial.user ?? '' });
  const attributes = fieldView({
    name: 'tried-attributes',
    label: 'Attributes',
    hint: 'One on each line, such as country = NO. A number or true in quotation marks is a text.',
    rows: 3,
    value: initial.attributes ?? '',
  });
  return () => html`
    <section class="controls trial" aria-labelledby="trial-title">
      <h3 id="trial-title">What would this user get, and why?</h3>
      <form @input=${change} @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
        <div class="pair">${user}${attributes}</div>
      </form>
      <div aria-live="polite">${apart(() => {
        const tried = current();
        return tried ? answer(tried, typed.value) : nothing;
      })}</div>
    </section>`;
}

/**
 * @param {Tried} tried
 * @param {Record<string, string>} values
 */
function answer({ set, flag, isDraft }, { user = '', attributes = '' }) {
  const flags = new Map(set.flags.map((each) => [each.key, each])).set(flag.key, flag);
  const now = isDraft ? Date.now() : Date.parse(set.updatedAt);
  const context = contextOf(user, attributes);
  const explanation = explain(flags, now, flag, context);
  return html`
    <p class=${explanation.evaluation.variant === undefined ? 'verdict is-refused' : 'verdict'}>${verdict(explanation)}${isDraft ? html` <em>(as typed, not saved)</em>` : nothing}</p>
    <ol class="steps">${explanation.steps.map((step, index) => stepView(step, index, context))}</ol>
    ${explanation.bucket ? bucketView(explanation) : nothing}`;
}

/** @param {Explanation} explanation */
function verdict({ evaluation: { variant, value, errorCode }, steps }) {
  if (errorCode)
    return html`<strong>An error</strong>: the flag is shared out, and nobody says who the user is (<code>${errorCode}</code>). The default in the code counts.`;
  if (variant === undefined) return html`<strong>Nothing</strong>: the flag is off, so the default in the code counts.`;
  const last = steps[steps.length - 1];
  const why = last?.matches
    ? `by rule ${steps.length}`
    : steps.length > 0
      ? 'since no rule matches'
      : 'as everybody does';
  return html`<strong>${isolated(variant)}</strong> (<code>${valueInWords(value)}</code>), ${why}.`;
}

/**
 * @param {Step} step
 * @param {number} index
 * @param {EvaluationContext} context
 */
const stepView = ({ rule, conditions, matches }, index, context) => html`
  <li><strong>Rule ${index + 1} ${matches ? 'matches' : 'does not match'}</strong>${rule.if.length === 0 ? ': it is for everybody' : ''}${matches ? html` → ${isolated(serveInWords(rule.serve))}` : nothing}
    ${conditions.length > 0 ? html`<ul>${conditions.map(({ condition, holds }) => html`<li class=${holds ? 'holds' : 'fails'}><span aria-hidden="true">${holds ? '✓' : '✗'}</span> ${isolated(conditionInWords(condition))}<span class="hint"> – ${holds ? 'holds' : `does not hold${given(condition, context)}`}</span></li>`)}</ul>` : nothing}
  </li>`;

/**
 * What a condition was compared with.
 *
 * @param {Condition} condition
 * @param {EvaluationContext} context
 */
function given({ attribute, op }, context) {
  if (op === 'flag' || op === 'exists' || attribute === 'now') return '';
  const value = JSON.stringify(context[attribute]);
  return value === undefined ? `: ${attribute} is not given` : `: it is ${value}`;
}

/** @param {Explanation} explanation */
function bucketView({ bucket, evaluation: { variant = '' }, steps }) {
  const serve = steps[steps.length - 1]?.rule.serve;
  if (!bucket || typeof serve !== 'object') return nothing;
  let end = 0;
  const places = serve.rollout.map(([name, weight]) => {
    const first = end + 1;
    end += weight;
    return weight === 0 ? `${name} none` : `${name} ${formatCount(first)}–${formatCount(end)}`;
  });
  return html`<p>“${isolated(bucket.unit)}” has place <strong>${formatCount(bucket.place + 1)} of ${formatCount(bucket.total)}</strong> in this flag, so ${isolated(variant)}. <span class="hint">Places: ${isolated(places.join(', '))}.</span></p>`;
}

/**
 * @param {string} user
 * @param {string} attributes
 * @returns {EvaluationContext}
 */
function contextOf(user, attributes) {
  const entries = linesOf(attributes).map((line) => {
    const [, name = line, text = ''] = /^([^=]*?)\s*=\s*(.*)$/.exec(line) ?? [];
    return [name, parsed(text)];
  });
  return { ...Object.fromEntries(entries), ...(user.trim() !== '' && { targetingKey: user.trim() }) };
}

/** @param {string} text */
function parsed(text) {
  try {
    return /** @type {unknown} */ (JSON.parse(text));
  } catch {
    return text;
  }
}
