import { Action, outcome } from '../action.js';
import { formatCount, formatInstant } from '../format.js';
import { html, nothing, repeat, signal } from '../packages.js';
import { Polled, polledCard } from '../polled.js';
import { may } from '../rights.js';
import { inARow, isolated } from '../text.js';
import { apart } from '../view.js';
import { isBeingEdited } from './editor.js';
import { deleteFlagSet, flagSetReader } from './flags.js';
import { History } from './history.js';
import { hrefOf, NEW } from './hrefs.js';
import { stateSwitch } from './state-switch.js';
import { sharesInWords } from './words.js';

/**
 * @import { Flag } from '../../../../domain/flags/flag.ts'
 * @import { Html } from '../packages.js'
 * @import { SideList } from '../side-list.js'
 * @import { FlagSet, FlagSetSummary } from './flags.js'
 */

export const INTERVAL_MS = 3_000;
/** So many flags are found by looking at them. */
const FEW = 7;

/**
 * A set: its flags, each with a switch, and what was changed.
 *
 * @param {string} setId
 * @param {SideList<FlagSetSummary>} list which shows it, too
 * @param {AbortSignal} until ends the view
 * @returns {() => Html}
 */
export function flagSetView(setId, list, until) {
  const known = /** @type {Polled<FlagSet>} */ (new Polled(flagSetReader(setId), INTERVAL_MS, until));
  const action = new Action();
  const history = new History(setId, known, until);
  const term = signal('');
  document.title = `${setId} – Portside`;

  const remove = (/** @type {FlagSet} */ set) =>
    void action.run({
      confirm: {
        title: `Delete the flag set ${setId}?`,
        text:
          `Its ${counted(set.flags.length, 'flag')} and its history are gone for good, and programs that ask for them go by the ` +
          'defaults in their code. The id is not given again.',
        action: 'Delete the set',
        cancelLabel: 'Keep it',
      },
      meanwhile: 'Deleting…',
      act: () => deleteFlagSet(set),
      report: () => {
        void list.pages.refresh().then(() => {
          location.hash = '#/flags';
        });
        return '';
      },
    });

  const rows = (/** @type {FlagSet} */ set) => {
    const found = set.flags.filter(({ key }) => key.toLowerCase().includes(term.value));
    const parts = { action, onChange: (/** @type {FlagSet} */ changed) => known.take(changed) };
    return html`
      <input type="search" aria-label="Find a flag" placeholder="Find a flag" autocomplete="off" spellcheck="false"
        autocapitalize="none" ?hidden=${set.flags.length <= FEW} @input=${(
          /** @type {Event & { target: HTMLInputElement }} */ { target },
        ) => {
          term.value = target.value.trim().toLowerCase();
        }} />
      ${found.length === 0 ? html`<p class="hint" role="status">${set.flags.length === 0 ? 'There is no flag in this set yet.' : 'There is none of that name.'}</p>` : nothing}
      <ul class="flags">${repeat(
        found,
        ({ key }) => key,
        (flag) => html`
          <li class="flag">
            <a href=${hrefOf(setId, flag.key)}>
              <span class="flag-key">${isolated(flag.key)}</span>
              <span class="link-facts">${inARow(factsOf(setId, flag))}</span>
              ${flag.description ? html`<span class="flag-description">${isolated(flag.description)}</span>` : nothing}
            </a>
            ${stateSwitch(set, flag, { ...parts, mayChange: may('PUT', 'flag-sets', setId, 'flags', flag.key) })}
          </li>`,
      )}</ul>`;
  };

  return () =>
    polledCard(known, {
      facts: html`<p>${known.answer.value ? headOf(known.answer.value) : ''}</p>`,
      heading: html`<h2 class="headline" tabindex="-1">${isolated(setId)}</h2>`,
      body: (set) => html`
        ${set.title ? html`<p>${isolated(set.title)}</p>` : nothing}
        <div class="outcome">
          <div class="actions">
            ${may('PUT', 'flag-sets', setId, 'flags', 'x') ? html`<a class="button primary" href=${hrefOf(setId, NEW)}>New flag</a>` : html`<p class="hint">You may look at these flags, and not change them.</p>`}
            ${may('DELETE', 'flag-sets', setId) ? html`<button type="button" @click=${() => remove(set)}>Delete the set…</button>` : nothing}
          </div>
          ${apart(() => outcome(action))}
        </div>
        ${apart(() => rows(set))}
        ${history.view(set)}`,
      absent: 'There is no such flag set.',
    });
}

/**
 * @param {number} count
 * @param {string} what
 */
const counted = (count, what) => `${formatCount(count)} ${count === 1 ? what : `${what}s`}`;

/** @param {FlagSet} set */
const headOf = ({ flags, revision, updatedAt }) =>
  inARow([counted(flags.length, 'flag'), `revision ${revision}`, `changed ${formatInstant(updatedAt)}`]);

/**
 * @param {string} setId
 * @param {Flag} flag
 */
function factsOf(setId, { key, type, defaultVariant, rules = [] }) {
  const shares = rules.flatMap(({ serve }) => (typeof serve === 'string' ? [] : [sharesInWords(serve).join(', ')]));
  return [
    type,
    ...(rules.length > 0 ? [counted(rules.length, 'rule')] : []),
    ...shares.slice(0, 2),
    `${rules.length > 0 ? 'otherwise' : 'always'} ${defaultVariant}`,
    ...(isBeingEdited(setId, key) ? ['not saved yet'] : []),
  ];
}
