import { element, isolated, setText } from '../dom.js';
import { Problem } from '../service.js';
import { listPolls } from './polls.js';

/** @import { Poll } from './polls.js' */

const PAGE = 50;
const REFRESH_MS = 15_000;
const SECTIONS = /** @type {const} */ ([
  ['open', 'Open'],
  ['scheduled', 'Not open yet'],
  ['closed', 'Closed'],
]);

/** The polls, open ones first, kept up to date. */
export class PollList {
  #signal;
  #onRefresh;
  #count = element('span', { class: 'count' });
  #sections = element('div');
  #note = element('p', { class: 'hint', role: 'status' });
  #more = element(
    'button',
    { class: 'quiet', type: 'button', hidden: true, click: () => this.#showMore() },
    'Older polls',
  );
  #pages = 1;
  /** @type {string | undefined} */
  #chosen;
  /** @type {readonly Poll[]} */
  #polls = [];
  /** What the sections show, so that they are made anew only when that changes. */
  #shown = '';
  #refreshes = 0;

  /**
   * @param {() => void} onRefresh
   * @param {AbortSignal} signal ends it
   */
  constructor(onRefresh, signal) {
    this.#onRefresh = onRefresh;
    this.#signal = signal;
    const isWide = matchMedia('(min-width: 56rem)');
    this.element = element(
      'details',
      { class: 'poll-list', open: isWide.matches },
      element('summary', {}, element('h2', {}, 'Polls'), this.#count),
      this.#sections,
      this.#note,
      this.#more,
    );
    isWide.addEventListener(
      'change',
      () => {
        this.element.open = isWide.matches;
      },
      { signal },
    );
    this.#sections.addEventListener('click', ({ target }) => {
      if (target instanceof Element && target.closest('a') && !isWide.matches) this.element.open = false;
    });
    const timer = setInterval(() => !document.hidden && this.refresh(), REFRESH_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Asks for the polls. Of several calls at once the last one is shown. */
  async refresh() {
    const refresh = ++this.#refreshes;
    /** @type {Poll[]} */
    const polls = [];
    /** @type {string | undefined} */
    let cursor;
    try {
      for (let page = 0; page < this.#pages && (page === 0 || cursor !== undefined); page++) {
        const answer = await listPolls(PAGE, cursor);
        polls.push(...answer.polls);
        cursor = answer.nextCursor;
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setText(this.#note, `The list is not up to date: ${error.message}`);
      return;
    }
    if (this.#signal.aborted || refresh !== this.#refreshes) return;
    this.#polls = polls;
    this.#more.hidden = cursor === undefined;
    setText(this.#note, '');
    this.#render();
    this.#onRefresh();
  }

  /** @param {string} pollId */
  choose(pollId) {
    this.#chosen = pollId;
    this.#render();
  }

  /** The poll to begin with: the newest that is open, or else the newest. */
  get first() {
    return (this.#polls.find(({ status }) => status === 'open') ?? this.#polls[0])?.pollId;
  }

  get hasFocus() {
    return this.element.contains(document.activeElement);
  }

  async #showMore() {
    this.#pages += 1;
    await this.refresh();
  }

  #render() {
    const shown = JSON.stringify([this.#chosen, this.#polls]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const open = this.#polls.filter(({ status }) => status === 'open').length;
    setText(this.#count, this.#polls.length > 0 ? `${open} open` : '');
    const focused = document.activeElement?.getAttribute('href');
    this.#sections.replaceChildren(...SECTIONS.flatMap(([status, title]) => this.#section(status, title)));
    // Making the links anew must not take the focus from somebody who is walking through them.
    if (focused) this.#linkTo(focused)?.focus();
  }

  /** @param {string} href */
  #linkTo(href) {
    return [...this.#sections.querySelectorAll('a')].find((link) => link.getAttribute('href') === href);
  }

  /**
   * @param {string} status
   * @param {string} title
   */
  #section(status, title) {
    const polls = this.#polls.filter((poll) => poll.status === status);
    if (polls.length === 0) return [];
    return [element('h3', {}, title), element('ul', {}, ...polls.map((poll) => element('li', {}, this.#link(poll))))];
  }

  /** @param {Poll} poll */
  #link({ pollId, question, choices }) {
    return element(
      'a',
      { href: `#/votes/${pollId}`, 'aria-current': pollId === this.#chosen ? 'true' : undefined },
      element('span', { class: 'poll-link-question' }, isolated(question)),
      element('span', { class: 'poll-link-facts' }, `${choices.length} choices · ${pollId}`),
    );
  }
}
