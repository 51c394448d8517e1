import { element, isolated, setText } from '../dom.js';
import { formatMoment } from '../format.js';
import { problemNote, retriedNote } from '../problem-note.js';
import { newIdentity, Problem } from '../service.js';
import { delay } from '../time.js';
import { Announcer } from './announcer.js';
import { ChoiceRow } from './choice-row.js';
import { ConnectionBadge } from './connection-badge.js';
import { Figures } from './figures.js';
import { PollControls } from './poll-controls.js';
import { castVote, readPoll } from './polls.js';
import { ResultsFeed } from './results-feed.js';

/** @import { NewVote, Poll, Results } from './polls.js' */

const RETRY_MS = 2_000;
const STATUS_WORDS = { scheduled: 'Not open yet', open: 'Open', closed: 'Closed' };

/** One poll with its results as they change, its vote buttons, and the controls of a key holder. */
export class PollView {
  #signal;
  #onStatus;
  #heading = element('h2', { class: 'headline', tabindex: -1 });
  #status = element('span', { class: 'status' });
  #facts = element('span');
  #badge = new ConnectionBadge();
  #figures = new Figures();
  #hiddenNote = element('p', { class: 'note', hidden: true }, 'The results are hidden until the poll closes.');
  #voter = element('input', { id: 'voter', autocomplete: 'off', required: true, maxlength: 256 });
  #voterField = element(
    'form',
    { class: 'voter', hidden: true, submit: (/** @type {Event} */ event) => event.preventDefault() },
    element('label', { for: 'voter' }, 'Who votes'),
    this.#voter,
    element('p', { class: 'hint' }, 'A name, number or address. It is stored as a pseudonym, and has one vote.'),
  );
  #choices = element('ul', { class: 'choices' });
  #announcer = new Announcer();
  #controls;
  /** @type {ChoiceRow[]} */
  #rows = [];
  /** @type {Poll | undefined} */
  #poll;
  /** @type {string | undefined} */
  #shownStatus;
  /** @type {AbortController | undefined} */
  #following;
  #wantsFocus = false;

  /**
   * @param {string} pollId
   * @param {() => void} onStatus called when the poll is found to have opened or closed
   * @param {AbortSignal} signal ends the view
   */
  constructor(pollId, onStatus, signal) {
    this.#signal = signal;
    this.#onStatus = onStatus;
    this.#controls = new PollControls(pollId, signal);
    this.element = element(
      'article',
      { class: 'card', 'aria-busy': true },
      element('p', { class: 'empty' }, 'Loading…'),
    );
    void this.#load(pollId);
  }

  /** Moves the focus to the question, for somebody who chose this poll. */
  focus() {
    this.#wantsFocus = !this.#heading.isConnected;
    this.#heading.focus();
  }

  /** @param {string} pollId */
  async #load(pollId) {
    let told = '';
    while (!this.#signal.aborted) {
      try {
        const poll = await readPoll(pollId, this.#signal);
        if (!this.#signal.aborted) this.#begin(poll);
        return;
      } catch (error) {
        if (this.#signal.aborted) return;
        if (!(error instanceof Problem)) throw error;
        // Said again, it would be read out again.
        if (error.message !== told) this.#fail(error);
        told = error.message;
        if (!error.isPassing) return;
        await delay(Math.max(RETRY_MS, error.retryAfterMs), this.#signal);
      }
    }
  }

  /** @param {Poll} poll */
  #begin(poll) {
    this.#poll = poll;
    this.#heading.replaceChildren(isolated(poll.question));
    document.title = `\u2068${poll.question}\u2069 – Portside`;
    this.#showStatus(poll.status);
    this.#layOut();
    this.element.removeAttribute('aria-busy');
    if (this.#wantsFocus) this.focus();
    const timer = setInterval(() => {
      for (const part of [this.#figures, this.#badge, this.#announcer]) part.tick();
    }, 1_000);
    this.#signal.addEventListener('abort', () => {
      clearInterval(timer);
      this.#following?.abort();
    });
    // A page that nobody sees holds no connection: browsers allow few to one host, over all their tabs.
    document.addEventListener('visibilitychange', () => this.#follow(poll.pollId), { signal: this.#signal });
    this.#follow(poll.pollId);
  }

  #layOut() {
    this.element.replaceChildren(
      element('div', { class: 'meta' }, element('p', {}, this.#status, this.#facts), this.#badge.element),
      this.#heading,
      this.#badge.detail,
      this.#figures.element,
      this.#hiddenNote,
      this.#voterField,
      this.#choices,
      this.#controls.element,
      this.#announcer.element,
    );
  }

  /** @param {string} pollId */
  #follow(pollId) {
    this.#following?.abort();
    if (document.hidden) return this.#figures.lost();
    this.#following = new AbortController();
    const feed = new ResultsFeed(
      pollId,
      {
        onResults: (results) => this.#show(results),
        onConnection: (connection, problem) => {
          this.#badge.connection(connection, problem);
          this.element.classList.toggle('is-lost', connection === 'lost');
          if (connection === 'lost') this.#figures.lost();
        },
        onGone: (problem) => this.#fail(problem),
      },
      this.#following.signal,
    );
    void feed.run();
  }

  /** @param {Problem} problem */
  #fail(problem) {
    this.element.replaceChildren(retriedNote(problem));
  }

  /** @param {Results} results */
  #show(results) {
    // A poll that was gone is there again.
    if (this.#heading.parentElement !== this.element) this.#layOut();
    this.#showStatus(results.status);
    this.#hiddenNote.hidden = !results.hidden;
    this.#figures.show(results);
    this.#badge.show(results);
    this.#announcer.show(results);
    this.#rowsFor(results.choices);
    const isOpen = results.status === 'open';
    if (!isOpen && this.#rows.some((row) => row.hasFocus)) this.focus();
    const highest = Math.max(1, ...results.choices.map(({ votes }) => votes ?? 0));
    for (const [index, { votes, share }] of results.choices.entries())
      this.#rows[index]?.show({ votes, share, isLeading: votes === highest, isOpen });
  }

  /** @param {Results['choices']} choices */
  #rowsFor(choices) {
    const areThere = choices.length === this.#rows.length;
    if (areThere && choices.every(({ choice }, index) => choice === this.#rows[index]?.choice)) return;
    this.#rows = choices.map(({ choice }) => new ChoiceRow(choice, (row) => this.#vote(row)));
    this.#choices.replaceChildren(...this.#rows.map((row) => row.element));
  }

  /** @param {Poll['status']} status */
  #showStatus(status) {
    if (!this.#poll || status === this.#shownStatus) return;
    if (this.#shownStatus !== undefined) this.#onStatus();
    this.#shownStatus = status;
    const known = /** @type {keyof typeof STATUS_WORDS} */ (status);
    setText(this.#status, STATUS_WORDS[known]);
    this.#status.dataset.status = status;
    this.#facts.replaceChildren(...factsOf(this.#poll, status));
    this.#voterField.hidden = this.#poll.voterLimit === 'none' || status !== 'open';
    this.#controls.show(status);
  }

  /** @param {ChoiceRow} row */
  #vote(row) {
    if (this.#poll?.voterLimit === 'one' && !this.#voterField.reportValidity()) return;
    const voter = this.#poll?.voterLimit === 'one' ? { voter: this.#voter.value } : {};
    void this.#send(row, { choice: row.choice, ...voter }, newIdentity());
  }

  /**
   * @param {ChoiceRow} row
   * @param {NewVote} vote
   * @param {string} idempotencyKey the same for the same click
   */
  async #send(row, vote, idempotencyKey) {
    const sending = row.sending();
    try {
      await castVote(this.#poll?.pollId ?? '', vote, idempotencyKey);
      sending.counted();
      this.#announcer.say('Your vote for ', isolated(row.choice), ' is counted.');
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const again = () => this.#send(row, vote, idempotencyKey);
      const retry = element('button', { type: 'button', click: again }, 'Send this vote again');
      sending.refused(problemNote(error, ...(error.isPassing ? [retry] : [])));
    }
  }
}

/**
 * @param {Poll} poll
 * @param {string} status
 * @returns {(Node | string)[]}
 */
function factsOf({ pollId, opensAt, closesAt, voterLimit, smsNumber }, status) {
  const facts = [
    status === 'scheduled' && opensAt ? `opens ${formatMoment(opensAt)}` : '',
    status !== 'closed' && closesAt ? `closes ${formatMoment(closesAt)}` : '',
    voterLimit === 'one' ? 'one vote each' : '',
    smsNumber ? `by SMS to ${smsNumber}` : '',
    `id ${pollId}`,
  ];
  return facts.filter(Boolean).map((fact) => element('span', { class: 'fact' }, fact));
}
