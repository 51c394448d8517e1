import { apiKey } from '../api-key.js';
import { formatMoment } from '../format.js';
import { element, idText, setText } from '../legacy/dom.js';
import { onChange } from '../legacy/on-change.js';
import { retriedNote } from '../legacy/problem-note.js';
import { Problem } from '../service.js';
import { delay } from '../time.js';
import { Announcer } from './announcer.js';
import { ChoiceList } from './choice-list.js';
import { ConnectionBadge } from './connection-badge.js';
import { Figures } from './figures.js';
import { PollControls } from './poll-controls.js';
import { PollEnding } from './poll-ending.js';
import { readPoll } from './polls.js';
import { ResultsFeed } from './results-feed.js';

/**
 * @import { SideList } from '../legacy/side-list.js'
 * @import { Poll, Results } from './polls.js'
 */

const RETRY_MS = 2_000;
const STATUS_WORDS = { scheduled: 'Not open yet', open: 'Open', closed: 'Closed' };

/**
 * One poll with its results as they change, its vote buttons, and the controls of a key holder. Voters have the choices
 * first, also on a small screen; who looks after the poll has the figures above them.
 */
export class PollView {
  #signal;
  #list;
  #heading = element('h2', { class: 'headline', tabindex: -1, dir: 'auto' });
  #status = element('span', { class: 'status' });
  #facts = element('span');
  #badge = new ConnectionBadge();
  #figures = new Figures();
  #hiddenNote = element('p', { class: 'note', hidden: true });
  #ending = new PollEnding();
  /** The results for which it was asked how the poll ended. @type {string | undefined} */
  #endingOf;
  #regions = element('p', { class: 'hint', hidden: true });
  #announcer = new Announcer();
  #controls;
  /** @type {ChoiceList | undefined} */
  #choices;
  /** @type {Poll | undefined} */
  #poll;
  /** @type {string | undefined} */
  #shownStatus;
  /** @type {AbortController | undefined} */
  #following;
  #wantsFocus = false;

  /**
   * @param {string} pollId
   * @param {SideList<Poll>} list which is told when the poll opens and closes
   * @param {AbortSignal} signal ends the view
   */
  constructor(pollId, list, signal) {
    this.#signal = signal;
    this.#list = list;
    this.#controls = new PollControls(pollId, () => this.#readEnding(pollId), signal);
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
    this.#choices = new ChoiceList(poll, this.#announcer, this.#signal);
    setText(this.#heading, poll.question);
    document.title = `\u2068${poll.question}\u2069 – Portside`;
    this.#showStatus(poll.status);
    setText(this.#status, statusWords(poll));
    this.#layOut();
    this.#choices.align(getComputedStyle(this.#heading).direction);
    this.element.removeAttribute('aria-busy');
    if (this.#wantsFocus) this.focus();
    onChange(apiKey, () => this.#placeFigures(), this.#signal);
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
      this.#badge.staleness,
      this.#ending.element,
      this.#hiddenNote,
      ...(this.#choices ? [this.#choices.element] : []),
      this.#regions,
      this.#controls.element,
      this.#announcer.element,
    );
    this.#placeFigures();
  }

  #placeFigures() {
    const isVoter = apiKey.value === undefined;
    const figures = this.#figures.element;
    if (isVoter) this.#choices?.element.after(figures);
    else this.#hiddenNote.before(figures);
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
    const hasEnded = this.#shownStatus === 'open' && results.status !== 'open';
    this.#showStatus(results.status);
    const isCounting = results.status === 'closed' && results.final === false;
    setText(this.#status, statusWords(results));
    this.#hiddenNote.hidden = !results.hidden;
    setText(
      this.#hiddenNote,
      isCounting
        ? 'The results are shown when the last votes are counted.'
        : 'The results are hidden until the poll closes.',
    );
    this.#showRegions(results.regions ?? []);
    const endingOf = [results.final, results.revision].join();
    if (results.status === 'closed' && endingOf !== this.#endingOf) {
      this.#endingOf = endingOf;
      void this.#readEnding(results.pollId);
    }
    this.#figures.show(results);
    this.#badge.show(results);
    this.#announcer.show(results);
    if (hasEnded && this.#choices?.hasFocus) this.focus();
    this.#choices?.show(results);
  }

  /**
   * Shows when the poll was closed, and its audit.
   *
   * @param {string} pollId
   */
  async #readEnding(pollId) {
    try {
      const poll = await readPoll(pollId, this.#signal);
      if (!this.#signal.aborted) this.#ending.show(poll);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // It is asked again with the next results.
      this.#endingOf = undefined;
    }
  }

  /** @param {NonNullable<Results['regions']>} regions */
  #showRegions(regions) {
    this.#regions.hidden = regions.length === 0;
    const words = regions.map(({ region, open }) => `${region} ${open ? 'takes votes' : 'is closed'}`);
    setText(this.#regions, `Regions: ${words.join(', ')}.`);
  }

  /** @param {Poll['status']} status */
  #showStatus(status) {
    if (!this.#poll || status === this.#shownStatus) return;
    this.#list.know({ status });
    this.#shownStatus = status;
    this.#status.dataset.status = status;
    this.#facts.replaceChildren(...factsOf(this.#poll, status));
    this.#controls.show(status);
  }
}

/** @param {{ status: string, final?: boolean }} state */
const statusWords = ({ status, final }) =>
  status === 'closed' && final === false
    ? 'Counting the last votes'
    : STATUS_WORDS[/** @type {keyof typeof STATUS_WORDS} */ (status)];

/**
 * @param {Poll} poll
 * @param {string} status
 * @returns {(Node | string)[]}
 */
function factsOf({ pollId, opensAt, closesAt, voterLimit, smsNumber, channels = ['web'] }, status) {
  const facts = [
    status === 'scheduled' && opensAt ? `opens ${formatMoment(opensAt)}` : '',
    status !== 'closed' && closesAt ? `closes ${formatMoment(closesAt)}` : '',
    voterLimit === 'one' ? 'one vote each' : '',
    smsNumber ? `by SMS to ${smsNumber}` : '',
    channels.includes('web') ? '' : 'by SMS alone',
  ];
  return [
    ...facts.filter(Boolean).map((fact) => element('span', { class: 'fact' }, fact)),
    element('span', { class: 'fact is-id' }, 'id ', idText(pollId)),
  ];
}
