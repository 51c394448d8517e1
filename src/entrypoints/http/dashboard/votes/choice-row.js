import { formatShare, formatVotes } from '../format.js';
import { element, isolated, setText } from '../legacy/dom.js';

/**
 * @typedef {object} Presses
 * @property {(row: ChoiceRow) => void} onVote
 * @property {(row: ChoiceRow) => void} onVoteAgain
 */

/** One choice of a poll: its name, its votes, its bar, its button, and what this browser voted. */
export class ChoiceRow {
  #votes = element('span', { class: 'choice-votes', dir: 'ltr' });
  #share = element('span', { class: 'choice-share', dir: 'ltr' });
  #fill = element('div', { class: 'bar-fill' });
  #figures = element('span', { class: 'choice-figures' }, this.#votes, this.#share);
  #bar = element('div', { class: 'bar', 'aria-hidden': 'true' }, this.#fill);
  #says = element('span', { 'aria-hidden': 'true' }, 'Vote');
  #mark = element('span');
  #notes = element('div', { class: 'choice-notes' });
  #button;
  #again;
  #own;

  /**
   * @param {string} choice
   * @param {number} index of the choice
   * @param {Presses} presses
   */
  constructor(choice, index, { onVote, onVoteAgain }) {
    this.choice = choice;
    this.#button = element(
      'button',
      { class: 'vote', type: 'button', 'aria-describedby': `own-vote-${index}`, click: () => onVote(this) },
      this.#says,
      element('span', { class: 'unseen' }, 'Vote for ', isolated(choice)),
    );
    this.#again = element(
      'button',
      { class: 'quiet', type: 'button', click: () => onVoteAgain(this) },
      'Vote again',
      element('span', { class: 'unseen' }, ' for ', isolated(choice)),
    );
    this.#mark.id = `own-vote-${index}`;
    this.#own = element('div', { class: 'choice-own', hidden: true }, this.#mark, this.#again);
    this.element = element(
      'li',
      { class: 'choice' },
      element('span', { class: 'choice-name' }, isolated(choice)),
      this.#figures,
      this.#bar,
      this.#button,
      this.#own,
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

  /**
   * @param {object} state
   * @param {boolean} state.isBusy whether a vote is under way, for this choice or another
   * @param {'Vote' | 'Sending' | 'Counted' | 'Voted'} state.says
   * @param {string} state.own what this browser voted, if anything
   * @param {boolean} state.mayVoteAgain
   */
  mark({ isBusy, says, own, mayVoteAgain }) {
    // A button that is disabled would lose the focus.
    for (const button of [this.#button, this.#again]) button.setAttribute('aria-disabled', String(isBusy));
    setText(this.#says, says);
    this.#button.classList.toggle('is-counted', says === 'Counted' || says === 'Voted');
    setText(this.#mark, own);
    this.#own.hidden = own === '';
    if (!mayVoteAgain) this.#keepFocus(this.#again);
    this.#again.hidden = !mayVoteAgain;
  }

  /**
   * Says something below the choice, in place of what was said there before.
   *
   * @param {...Node} notes
   */
  note(...notes) {
    this.#keepFocus(this.#notes);
    this.#notes.replaceChildren(...notes);
  }

  /** Moves the focus to a button in the note. */
  focusNote() {
    this.#notes.querySelector('button')?.focus();
  }

  get hasFocus() {
    return this.element.contains(document.activeElement);
  }

  /**
   * Whoever pressed a button that goes would have to begin at the top of the page.
   *
   * @param {Element} part that goes
   */
  #keepFocus(part) {
    if (part.contains(document.activeElement)) this.#button.focus();
  }
}
