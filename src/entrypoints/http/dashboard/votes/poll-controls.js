import { apiKey } from '../api-key.js';
import { confirmed } from '../dialog.js';
import { element } from '../dom.js';
import { formatCount } from '../format.js';
import { problemNote } from '../problem-note.js';
import { Problem } from '../service.js';
import { closePoll, recountPoll } from './polls.js';

/** @import { ClosedPoll, Recount } from './polls.js' */

/** What a key holder can do with a poll: close it and recount it. Not there without a key. */
export class PollControls {
  #pollId;
  #closeButton = element('button', { type: 'button', click: () => this.#close() });
  #isClosed = false;
  #report = element('div', { role: 'status' });
  #refusal = element('div');
  #isBusy = false;

  /**
   * @param {string} pollId
   * @param {AbortSignal} signal
   */
  constructor(pollId, signal) {
    this.#pollId = pollId;
    this.element = element(
      'section',
      { class: 'controls', 'aria-labelledby': 'controls-title' },
      element('h3', { id: 'controls-title' }, 'For key holders'),
      element(
        'div',
        { class: 'actions' },
        this.#closeButton,
        element(
          'button',
          { type: 'button', click: () => this.#do('Recounting…', recountPoll, recountReport) },
          'Recount',
        ),
      ),
      this.#report,
      this.#refusal,
    );
    const toggle = () => {
      this.element.hidden = apiKey.get() === undefined;
    };
    apiKey.onChange(toggle, signal);
    toggle();
  }

  /** @param {string} status */
  show(status) {
    this.#isClosed = status === 'closed';
    this.#closeButton.textContent = this.#isClosed ? 'Audit again' : 'Close and audit…';
  }

  async #close() {
    const goOn =
      this.#isClosed ||
      (await confirmed({
        title: 'Close this poll?',
        text: 'No vote is accepted afterwards, and a closed poll cannot be opened again. Ballots, shards and tally are then counted against each other.',
        action: 'Close and audit',
        refrain: 'Leave it open',
      }));
    if (goOn) await this.#do('Counting the ballots…', closePoll, auditReport);
  }

  /**
   * @template Answer
   * @param {string} meanwhile
   * @param {(pollId: string) => Promise<Answer>} act
   * @param {(answer: Answer) => Node} report
   */
  async #do(meanwhile, act, report) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#report.replaceChildren(element('p', {}, meanwhile));
    this.#refusal.replaceChildren();
    try {
      this.#report.replaceChildren(report(await act(this.#pollId)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#report.replaceChildren();
      this.#refusal.replaceChildren(problemNote(error));
    } finally {
      this.#isBusy = false;
    }
  }
}

/** @param {ClosedPoll} poll */
const auditReport = ({ audit: { ballots, shards, tally, drift } }) =>
  report(drift === 0 && ballots === shards ? 'The counts agree.' : 'The counts do not agree. Recount the poll.', {
    Ballots: ballots,
    Shards: shards,
    Tally: tally,
    Drift: drift,
  });

/** @param {Recount} recount */
const recountReport = ({ before, after, drift }) =>
  report(drift === 0 ? 'The tally was right.' : 'The tally was rebuilt from the shards.', {
    Before: before,
    After: after,
    Drift: drift,
  });

/**
 * @param {string} verdict
 * @param {Record<string, number>} counts
 */
const report = (verdict, counts) =>
  element(
    'div',
    {},
    element('p', {}, verdict),
    element(
      'dl',
      { class: 'counts' },
      ...Object.entries(counts).map(([name, count]) =>
        element('div', {}, element('dt', {}, name), element('dd', {}, formatCount(count))),
      ),
    ),
  );
