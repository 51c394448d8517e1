import { apiKey } from '../api-key.js';
import { formatCount } from '../format.js';
import { Action } from '../legacy/action.js';
import { element } from '../legacy/dom.js';
import { onChange } from '../legacy/on-change.js';
import { closePoll, recountPoll } from './polls.js';

/** @import { ClosedPoll, Recount } from './polls.js' */

/** What a key holder can do with a poll: close it and recount it. Not there without a key. */
export class PollControls {
  #pollId;
  #onDone;
  #closeButton = element('button', { type: 'button', click: () => this.#close() });
  #isClosed = false;
  #action = new Action();

  /**
   * @param {string} pollId
   * @param {() => void} onDone called when the poll may have another audit
   * @param {AbortSignal} signal
   */
  constructor(pollId, onDone, signal) {
    this.#pollId = pollId;
    this.#onDone = onDone;
    this.element = element(
      'section',
      { class: 'controls', 'aria-labelledby': 'controls-title' },
      element('h3', { id: 'controls-title' }, 'For key holders'),
      element(
        'div',
        { class: 'actions' },
        this.#closeButton,
        element('button', { type: 'button', click: () => this.#recount() }, 'Recount'),
      ),
      ...this.#action.outcome,
    );
    const toggle = () => {
      this.element.hidden = apiKey.value === undefined;
    };
    onChange(apiKey, toggle, signal);
    toggle();
  }

  /** @param {string} status */
  show(status) {
    this.#isClosed = status === 'closed';
    this.#closeButton.textContent = this.#isClosed ? 'Audit again' : 'Close and audit…';
  }

  #close() {
    const confirm = {
      title: 'Close this poll?',
      text: 'No vote is accepted afterwards, and a closed poll cannot be opened again. Ballots, shards and tally are then counted against each other.',
      action: 'Close and audit',
      cancelLabel: 'Leave it open',
    };
    void this.#action.run({
      ...(this.#isClosed ? {} : { confirm }),
      meanwhile: 'Counting the ballots…',
      act: () => this.#ending(closePoll(this.#pollId)),
      report: auditReport,
    });
  }

  #recount() {
    void this.#action.run({
      meanwhile: 'Recounting…',
      act: () => this.#ending(recountPoll(this.#pollId)),
      report: recountReport,
    });
  }

  /**
   * @template Answer
   * @param {Promise<Answer>} answer
   */
  async #ending(answer) {
    try {
      return await answer;
    } finally {
      this.#onDone();
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
