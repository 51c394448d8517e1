import { Action, outcome } from '../action.js';
import { openDialog } from '../dialog.js';
import { formatInstant } from '../format.js';
import { html, nothing, repeat } from '../packages.js';
import { PagedList, pagedListView } from '../paged-list.js';
import { may } from '../rights.js';
import { Problem } from '../service.js';
import { isolated } from '../text.js';
import { apart, react } from '../view.js';
import { changesBack } from './comparison.js';
import { diffView } from './diff-view.js';
import { listHistory, revertFlagSet } from './flags.js';
import { hrefOf } from './hrefs.js';
import { differences } from './words.js';

/**
 * @import { Polled } from '../polled.js'
 * @import { Change, FlagSet } from './flags.js'
 */

const REFRESH_MS = 15_000;

/** What was changed in a set, newest first, and the way back. */
export class History {
  #setId;
  #known;
  #key;
  #changes;
  #action = new Action();

  /**
   * @param {string} setId
   * @param {Polled<FlagSet>} known the set
   * @param {AbortSignal} until ends it
   * @param {string} [key] of the one flag whose changes are shown
   */
  constructor(setId, known, until, key) {
    this.#setId = setId;
    this.#known = known;
    this.#key = key;
    this.#changes = /** @type {PagedList<Change>} */ (
      new PagedList((cursor) => listHistory(setId, cursor), REFRESH_MS, until)
    );
    /** @type {number | undefined} */
    let revision;
    react(() => {
      const now = known.answer.value?.revision;
      if (now === undefined || now === revision) return;
      revision = now;
      void this.#changes.refresh();
    }, until);
  }

  /** @param {FlagSet} set */
  view(set) {
    return html`
      <section class="controls" aria-labelledby="history-title">
        <h3 id="history-title">History</h3>
        ${apart(() => outcome(this.#action))}
        ${apart(() => pagedListView(this.#changes, this.#entries(set), 'Earlier changes'))}
      </section>`;
  }

  /** @param {FlagSet} set */
  #entries(set) {
    const all = this.#changes.items.value;
    const changes = (all ?? []).filter(({ key }) => this.#key === undefined || key === this.#key);
    const mayRevert = this.#key === undefined && may('POST', 'flag-sets', this.#setId, 'revert');
    if (changes.length === 0)
      return html`<p class="hint">${all ? (this.#changes.isWhole.value ? 'Nothing was changed yet.' : 'Nothing lately.') : 'Loading…'}</p>`;
    return html`
      <ol class="changes">${repeat(
        changes,
        ({ revision, key }) => `${revision} ${key}`,
        (change, index) => html`
          <li class="change">
            <p class="change-head"><strong>Revision ${change.revision}</strong> · ${isolated(whoOf(change))} · <time datetime=${change.at}>${formatInstant(change.at)}</time></p>
            ${change.key === null ? html`<p>${change.by === 'schedule' ? 'A time came that a rule names.' : 'No flag was changed.'}</p>` : html`${this.#key === undefined ? html`<p><a href=${hrefOf(this.#setId, change.key)}>${isolated(change.key)}</a></p>` : nothing}${diffView(differences(change.before, change.after))}`}
            ${change.reason === undefined ? nothing : html`<p class="change-reason">“${isolated(change.reason)}”</p>`}
            ${
              // A revision that changed several flags stands there several times.
              mayRevert && change.revision < set.revision && changes[index - 1]?.revision !== change.revision
                ? html`<button class="quiet" type="button" @click=${() => this.#ask(change.revision)}>Go back to revision ${change.revision}…</button>`
                : nothing
            }
          </li>`,
      )}</ol>
      ${
        mayRevert && this.#changes.isWhole.value && set.revision > 0
          ? html`<p class="change"><button class="quiet" type="button" @click=${() => this.#ask(0)}>Go back to the beginning, without flags…</button></p>`
          : nothing
      }`;
  }

  /** @param {number} to */
  async #ask(to) {
    // What is asked must be of now.
    await this.#changes.refresh();
    const set = this.#known.answer.value;
    const changes = this.#changes.items.value ?? [];
    if (!set) return;
    // Those who have changed much meanwhile may have moved the revision off the pages that are loaded.
    if (!this.#changes.isWhole.value && !changes.some(({ revision }) => revision <= to))
      return this.#action.say('Much was changed meanwhile. Look at the history, and try again.');
    const back = changesBack(set, changes, to);
    openDialog(`Go back to revision ${to}?`, (close) => {
      const goOn = () => {
        close();
        void this.#action.run({
          meanwhile: 'Going back…',
          act: () => this.#revert(set, to),
          report: (changed) => {
            this.#known.take(changed);
            return `The flags are those of revision ${to} again, in revision ${changed.revision}.`;
          },
        });
      };
      return () => html`
        <div>
          ${
            back.length === 0
              ? html`<p>The flags are the same there. It makes a new revision all the same.</p>`
              : html`<p>This makes a new revision, which changes ${back.length === 1 ? 'one flag' : `${back.length} flags`} at once. The history goes on.</p>
                ${back.map(({ key, now, were }) => html`<section class="change"><h3>${isolated(key)}</h3>${diffView(differences(now, were))}</section>`)}`
          }
          <div class="actions">
            <button class="danger" type="button" @click=${goOn}>Go back</button>
            <button type="button" autofocus @click=${close}>Leave it</button>
          </div>
        </div>`;
    });
  }

  /**
   * @param {FlagSet} set as it was seen
   * @param {number} to
   */
  async #revert(set, to) {
    try {
      return await revertFlagSet(set, to);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error;
      this.#known.askNow();
      throw new Problem(
        'Somebody else has changed the set meanwhile, so nothing was changed. Look at it, and try again.',
      );
    }
  }
}

/** @param {Change} change */
const whoOf = ({ by }) => (by === 'schedule' ? 'by the clock' : by);
