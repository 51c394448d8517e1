import { apiKey } from '../api-key.js';
import { element } from '../dom.js';
import { openNewPollDialog } from './new-poll-dialog.js';
import { PollList } from './poll-list.js';
import { PollView } from './poll-view.js';

/** @import { Page } from '../pages.js' */

/** @type {Page} */
export const votesPage = {
  name: 'votes',
  title: 'Votes',
  mount: (place, signal) => new VotesPage(place, signal),
};

/** The list of polls, and the poll that is chosen. */
class VotesPage {
  #list;
  #place = element('div', { class: 'poll-place' });
  /** @type {AbortController | undefined} */
  #viewing;
  #signal;

  /**
   * @param {HTMLElement} place
   * @param {AbortSignal} signal
   */
  constructor(place, signal) {
    this.#signal = signal;
    this.#list = new PollList(() => this.#chooseFirst(), signal);
    const newPoll = element('button', { type: 'button', click: () => this.#newPoll() }, 'New poll');
    place.append(
      element('h1', { class: 'unseen' }, 'Votes'),
      element('div', { class: 'votes' }, element('div', { class: 'side' }, this.#list.element, newPoll), this.#place),
    );
    const toggle = () => {
      newPoll.hidden = apiKey.get() === undefined;
    };
    apiKey.onChange(toggle, signal);
    toggle();
    signal.addEventListener('abort', () => this.#viewing?.abort());
  }

  /** @param {string} pollId */
  show(pollId) {
    this.#viewing?.abort();
    this.#viewing = undefined;
    if (pollId !== '') this.#view(pollId);
    void this.#list.refresh();
  }

  /** @param {string} pollId */
  #view(pollId) {
    this.#viewing = new AbortController();
    const view = new PollView(pollId, () => this.#list.refresh(), this.#viewing.signal);
    this.#place.replaceChildren(view.element);
    // Whoever chose the poll in the list wants to read it next.
    if (this.#list.hasFocus) view.focus();
    this.#list.choose(pollId);
  }

  /** Goes to a poll when the address names none. */
  #chooseFirst() {
    if (this.#viewing || this.#signal.aborted) return;
    const { first } = this.#list;
    if (first) location.replace(`#/votes/${first}`);
    else
      this.#place.replaceChildren(element('p', { class: 'empty' }, 'There is no poll yet. Key holders can make one.'));
  }

  #newPoll() {
    openNewPollDialog(({ pollId }) => {
      location.hash = `#/votes/${pollId}`;
    });
  }
}
