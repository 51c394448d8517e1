import { Action, outcome } from '../action.js';
import { html, nothing, signal, untracked } from '../packages.js';
import { Polled, polledCard } from '../polled.js';
import { may } from '../rights.js';
import { inARow, isolated } from '../text.js';
import { apart, focusOn, react } from '../view.js';
import { flagOf } from './comparison.js';
import { editorOf, forgetEditor, isBeingEdited } from './editor.js';
import { editorView } from './editor-view.js';
import { INTERVAL_MS } from './flag-set-view.js';
import { changeFlag, flagSetReader } from './flags.js';
import { History } from './history.js';
import { hrefOf } from './hrefs.js';
import { stateSwitch } from './state-switch.js';
import { trial } from './trial.js';
import { conditionInWords, serveInWords, valueInWords } from './words.js';

/**
 * @import { Flag } from '../../../../domain/flags/flag.ts'
 * @import { Html } from '../packages.js'
 * @import { FlagEditor } from './editor.js'
 * @import { FlagSet } from './flags.js'
 */

/**
 * One flag: what it does, in words or in fields, a place to try it, and what was changed. A new one without a key.
 *
 * @param {string} setId
 * @param {string | undefined} key
 * @param {AbortSignal} until ends the view
 * @returns {() => Html}
 */
export function flagView(setId, key, until) {
  const known = /** @type {Polled<FlagSet>} */ (new Polled(flagSetReader(setId), INTERVAL_MS, until));
  const action = new Action();
  const editor = signal(/** @type {FlagEditor | undefined} */ (undefined));
  const history = key === undefined ? undefined : new History(setId, known, until, key);
  document.title = `${key ?? 'New flag'} – Portside`;
  const tried = trial(() => {
    const set = known.answer.value;
    const flag = set && key !== undefined ? flagOf(set, key) : undefined;
    const draft = editor.value?.definition;
    if (draft)
      return set && { set, flag: { ...draft.definition, key: editor.value?.draft.key.trim() ?? '' }, isDraft: true };
    return set && flag && { set, flag, isDraft: false };
  });

  const close = () => {
    forgetEditor(setId, key);
    editor.value = undefined;
  };
  const leave = () => {
    close();
    if (key === undefined) location.hash = hrefOf(setId);
    else focusOn('.headline');
  };
  const edit = (/** @type {FlagSet} */ set, /** @type {Flag | undefined} */ flag) => {
    action.say('');
    editor.value = editorOf(set, flag);
  };
  const save = async () => {
    const edited = editor.value;
    const changed = await edited?.save();
    if (!edited || editor.value !== edited) return;
    if (!changed) {
      focusOn('.flag-editor [aria-invalid], .flag-editor [role=alert] button');
      // The buttons at the bottom may lie over it.
      document.activeElement?.scrollIntoView({ block: 'center' });
      return;
    }
    close();
    known.take(changed);
    if (key === undefined) location.hash = hrefOf(setId, edited.draft.key.trim());
    else {
      action.say(`Saved, in revision ${changed.revision}.`);
      focusOn('.headline');
    }
  };
  const takeTheirs = () => {
    known.askNow();
    leave();
  };
  const remove = (/** @type {FlagSet} */ set, /** @type {Flag} */ flag) => {
    const needing = set.flags.filter(({ rules = [] }) =>
      rules.some((rule) => rule.if.some(({ op, attribute }) => op === 'flag' && attribute === flag.key)),
    );
    void action.run({
      confirm: {
        title: `Delete the flag ${flag.key}?`,
        text:
          'Programs that ask for it go by the defaults in their code. The history keeps it.' +
          (needing.length > 0
            ? ` Conditions of ${needing.map(({ key }) => key).join(', ')} need it, and hold no longer.`
            : ''),
        action: 'Delete the flag',
        cancelLabel: 'Keep it',
      },
      meanwhile: 'Deleting…',
      act: () => changeFlag(set, flag.key, 'delete'),
      report: () => {
        location.hash = hrefOf(setId);
        return '';
      },
    });
  };

  let isFirst = true;
  react(() => {
    const set = known.answer.value;
    if (!set || !isFirst) return;
    isFirst = false;
    const flag = key === undefined ? undefined : flagOf(set, key);
    // Whoever comes back to what they typed goes on with it.
    if (key === undefined || (flag && isBeingEdited(setId, key))) untracked(() => edit(set, flag));
  }, until);

  const reading = (/** @type {FlagSet} */ set, /** @type {Flag} */ flag, /** @type {boolean} */ mayChange) => html`
    ${flag.description ? html`<p>${isolated(flag.description)}</p>` : nothing}
    <div class="outcome">
      <div class="actions">
        ${stateSwitch(set, flag, { mayChange, action, onChange: (changed) => known.take(changed) })}
        ${
          mayChange
            ? html`<button type="button" @click=${() => {
                edit(set, flag);
                focusOn('.flag-editor select, .flag-editor input');
              }}>Change…</button>`
            : html`<p class="hint">You may look at this flag, and not change it.</p>`
        }
        ${may('DELETE', 'flag-sets', setId, 'flags', flag.key) ? html`<button type="button" @click=${() => remove(set, flag)}>Delete the flag…</button>` : nothing}
      </div>
      ${apart(() => outcome(action))}
    </div>
    ${rulesInWords(flag)}`;

  const body = (/** @type {FlagSet} */ set) => {
    const flag = key === undefined ? undefined : flagOf(set, key);
    const mayChange = may('PUT', 'flag-sets', setId, 'flags', key ?? 'x');
    const edited = editor.value;
    if (!edited && !flag)
      return html`<p class="note">There is no such flag in this set${key === undefined ? ' yet' : ' any more'}.</p>${history?.view(set) ?? nothing}`;
    return html`
      ${edited ? html`<div>${apart(() => editorView(edited, set, { save, leave, takeTheirs }))}</div>` : reading(set, /** @type {Flag} */ (flag), mayChange)}
      ${apart(tried)}
      ${history?.view(set) ?? nothing}`;
  };
  return () =>
    polledCard(known, {
      facts: html`<p><a href=${hrefOf(setId)}>${isolated(setId)}</a>${known.answer.value ? html` · ${inARow([`revision ${known.answer.value.revision}`])}` : nothing}</p>`,
      heading: html`<h2 class="headline" tabindex="-1">${key === undefined ? 'New flag' : isolated(key)}</h2>`,
      body,
      absent: 'There is no such flag set.',
    });
}

/** @param {Flag} flag */
const rulesInWords = ({ type, variants, defaultVariant, rules = [], state }) => html`
  <section aria-labelledby="rules-title">
    <h3 id="rules-title">${state === 'ENABLED' ? 'Who gets what' : 'Who gets what, once it is on'}</h3>
    <ol class="rule-words">
      ${rules.map(
        (rule) => html`
          <li><span class="rule-if">${rule.if.length === 0 ? 'For everybody' : html`Where ${rule.if.map((condition, index) => html`${index > 0 ? html` <em>and</em> ` : ''}${isolated(conditionInWords(condition))}`)}`}</span>
            <strong class="rule-serve">${isolated(serveInWords(rule.serve))}</strong></li>`,
      )}
      <li><span class="rule-if">${rules.length === 0 ? 'Everybody' : 'Otherwise'}</span> <strong class="rule-serve">${isolated(defaultVariant)}</strong></li>
    </ol>
  </section>
  <section aria-labelledby="variants-title">
    <h3 id="variants-title">Variants (${type})</h3>
    <dl class="variants">${Object.entries(variants).map(([name, value]) => html`<div><dt>${isolated(name)}</dt><dd><code>${valueInWords(value)}</code></dd></div>`)}</dl>
  </section>`;
