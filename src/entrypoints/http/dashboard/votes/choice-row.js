import { element, isolated, setText } from '../dom.js';
import { formatShare, formatVotes } from '../format.js';

const SAID_MS = 2_000;

/** One choice of a poll: its name, its votes, its bar and its button. */
export class ChoiceRow {
  #votes = element('span', { class: 'choice-votes' });
  #share = element('span', { class: 'choice-share' });
  #fill = element('div', { class: 'bar-fill' });
  #figures = element('span', { class: 'choice-figures' }, this.#votes, this.#share);
  #bar = element('div', { class: 'bar', 'aria-hidden': 'true' }, this.#fill);
  #says = element('span', { 'aria-hidden': 'true' }, 'Vote');
  #notes = element('div', { class: 'choice-notes' });
  #button;
  #sending = 0;
  #said = 0;

  /**
   * @param {string} choice
   * @param {(row: ChoiceRow) => void} onVote
   */
  constructor(choice, onVote) {
    this.choice = choice;
    this.#button = element(
      'button',
      { class: 'vote', type: 'button', click: () => onVote(this) },
      this.#says,
      element('span', { class: 'unseen' }, 'Vote for ', isolated(choice)),
    );
    this.element = element(
      'li',
      { class: 'choice' },
      element('span', { class: 'choice-name' }, isolated(choice)),
      this.#figures,
      this.#bar,
      this.#button,
      this.#notes,
    );
  }

  /**
   * @param {object} state
   * @param {number | null} state.votes null while they are hidden
   * @param {number | null} state.share a fraction
   * @param {boolean} state.isLeading
   * @param {boolean} state.isOpen whether votes are taken
   */
  show({ votes, share, isLeading, isOpen }) {
    const isHidden = votes === null || share === null;
    this.#figures.hidden = isHidden;
    this.#bar.hidden = isHidden;
    this.#button.hidden = !isOpen;
    this.element.classList.toggle('is-leading', isLeading);
    this.element.classList.toggle('is-hidden', isHidden);
    if (isHidden) return;
    setText(this.#votes, formatVotes(votes));
    setText(this.#share, formatShare(share));
    this.#fill.style.setProperty('--share', String(share));
  }

  /** Says on the button that a vote is under way, until one of the functions is called. */
  sending() {
    this.#sending += 1;
    // The button in the note goes, and whoever pressed it by keyboard would have to begin at the top of the page.
    if (this.#notes.contains(document.activeElement)) this.#button.focus();
    this.#notes.replaceChildren();
    this.#label();
    const ended = () => {
      this.#sending -= 1;
      this.#label();
    };
    return {
      counted: () => {
        this.#said += 1;
        setTimeout(() => {
          this.#said -= 1;
          this.#label();
        }, SAID_MS);
        ended();
      },
      /** @param {HTMLElement} note */
      refused: (note) => {
        this.#notes.replaceChildren(note);
        ended();
      },
    };
  }

  get hasFocus() {
    return this.element.contains(document.activeElement);
  }

  #label() {
    setText(this.#says, this.#sending > 0 ? 'Sending' : this.#said > 0 ? 'Counted' : 'Vote');
    this.#button.classList.toggle('is-counted', this.#sending === 0 && this.#said > 0);
  }
}
