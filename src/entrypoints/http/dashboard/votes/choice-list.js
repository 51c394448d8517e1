import { element, isolated } from '../legacy/dom.js';
import { problemNote } from '../legacy/problem-note.js';
import { Problem } from '../service.js';
import { delay } from '../time.js';
import { ChoiceRow } from './choice-row.js';
import { OwnVotes } from './own-votes.js';
import { castVote } from './polls.js';
import { shownShares } from './shares.js';

/**
 * @import { Announcer } from './announcer.js'
 * @import { OwnVote } from './own-votes.js'
 * @import { Poll, Results } from './polls.js'
 */

const SAID_MS = 2_000;

/**
 * The choices of a poll with their results, and the buttons to vote, for one vote at a time.
 *
 * A press is one vote: until it is counted, and for two seconds more, all buttons are busy, so that the second press of a
 * double click meets none. Later the button of a choice that was voted for repeats that vote, which counts nothing. In a
 * poll that takes many votes of a person, the button of another choice is another vote, as nobody presses that by
 * mistake for the first; one more for the same choice has a button of its own.
 */
export class ChoiceList {
  #voter = element('input', { id: 'voter', autocomplete: 'off', required: true, maxlength: 256 });
  #voterField = element(
    'form',
    { class: 'voter', submit: (/** @type {Event} */ event) => event.preventDefault() },
    element('label', { for: 'voter' }, 'Who votes'),
    this.#voter,
    element('p', { class: 'hint' }, 'A name, number or address. It is stored as a pseudonym, and has one vote.'),
  );
  #list = element('ul', { class: 'choices', keydown: ignoreRepeats });
  /** @type {readonly ChoiceRow[]} */
  #rows = [];
  /** What the button of a choice says while it is busy. @type {{ choice: string, says: 'Sending' | 'Counted' } | undefined} */
  #busy;
  /** The unsettled vote that a note asks about. @type {OwnVote | undefined} */
  #asked;
  #isOpen = false;
  #poll;
  #own;
  #announcer;

  /**
   * @param {Poll} poll
   * @param {Announcer} announcer
   * @param {AbortSignal} signal ends it
   */
  constructor(poll, announcer, signal) {
    this.#poll = poll;
    this.#announcer = announcer;
    this.#own = new OwnVotes(poll);
    this.#own.onChange(() => this.#markOwn(), signal);
    this.element = element('div', { class: 'stack' }, this.#voterField, this.#list);
    this.#voterField.hidden = true;
  }

  get hasFocus() {
    return this.element.contains(document.activeElement);
  }

  /** @param {string} direction in which the question is written; the choices of one language belong on one side */
  align(direction) {
    this.#list.dir = direction;
  }

  /** @param {Results} results */
  show(results) {
    const { choices, status } = results;
    this.#isOpen = status === 'open' && (this.#poll.channels ?? ['web']).includes('web');
    this.#voterField.hidden = !(this.#isOpen && this.#hasVoters);
    this.#rowsFor(choices);
    const highest = Math.max(1, ...choices.map(({ votes }) => votes ?? 0));
    const shares = shownShares(results);
    for (const [index, { votes }] of choices.entries())
      this.#rows[index]?.show({
        votes,
        share: shares[index] ?? null,
        isLeading: votes === highest,
        isOpen: this.#isOpen,
      });
    this.#markOwn();
  }

  get #hasVoters() {
    return this.#poll.voterLimit === 'one';
  }

  /** @param {Results['choices']} choices */
  #rowsFor(choices) {
    const areThere = choices.length === this.#rows.length;
    if (areThere && choices.every(({ choice }, index) => choice === this.#rows[index]?.choice)) return;
    const presses = {
      onVote: (/** @type {ChoiceRow} */ row) => this.#press(row, false),
      onVoteAgain: (/** @type {ChoiceRow} */ row) => this.#press(row, true),
    };
    this.#rows = choices.map(({ choice }, index) => new ChoiceRow(choice, index, presses));
    this.#list.replaceChildren(...this.#rows.map((row) => row.element));
    this.#askAboutUnsettled();
  }

  /** Shows what this browser voted, here or in another window. */
  #markOwn() {
    const counted = this.#own.counted;
    for (const row of this.#rows) {
      const own = counted.filter(({ choice }) => choice === row.choice);
      const isVoted = own.length > 0 && !this.#hasVoters;
      row.mark({
        isBusy: this.#busy !== undefined,
        says: this.#busy?.choice === row.choice ? this.#busy.says : isVoted ? 'Voted' : 'Vote',
        own: own.length > 0 ? ownWords(own) : '',
        mayVoteAgain: isVoted && this.#isOpen,
      });
    }
    if (this.#asked && this.#own.unsettled?.identity !== this.#asked.identity && !this.#busy) {
      this.#rowOf(this.#asked)?.note();
      this.#asked = undefined;
    }
  }

  /**
   * @param {ChoiceRow} row
   * @param {boolean} isAnother whether it is meant as one more vote for a choice
   */
  #press(row, isAnother) {
    if (this.#busy) return;
    this.#voter.value = this.#voter.value.trim();
    const voter = this.#hasVoters ? this.#voter.value : undefined;
    const unsettled = this.#own.unsettled;
    if (unsettled && !(unsettled.choice === row.choice && (unsettled.voter === voter || voter === ''))) {
      // It may be counted, so what is pressed now could be a second vote.
      if (!this.#asked) this.#askAboutUnsettled();
      this.#rowOf(unsettled)?.focusNote();
      return;
    }
    if (unsettled) return void this.#send(row, unsettled);
    if (this.#hasVoters && !this.#voterField.reportValidity()) return;
    void this.#send(row, this.#own.meant(row.choice, voter, isAnother));
  }

  /**
   * @param {ChoiceRow} row
   * @param {OwnVote} vote
   */
  async #send(row, vote) {
    if (this.#busy) return;
    const { choice, voter, identity } = vote;
    this.#busy = { choice, says: 'Sending' };
    this.#asked = undefined;
    for (const other of this.#rows) other.note();
    this.#markOwn();
    try {
      await castVote(this.#poll.pollId, { choice, ...(voter === undefined ? {} : { voter }) }, identity);
      this.#own.settle(vote, true);
      this.#busy = { choice, says: 'Counted' };
      this.#markOwn();
      this.#announcer.say(
        'Your vote for ',
        isolated(choice),
        vote.isCounted ? ' was counted already.' : ' is counted.',
      );
      await delay(SAID_MS);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.isPassing) return this.#ask(row, vote, error);
      this.#own.settle(vote, false);
      row.note(problemNote(error));
    } finally {
      this.#busy = undefined;
      this.#markOwn();
    }
  }

  /** After a reload nobody knows what became of a vote that was under way. */
  #askAboutUnsettled() {
    const vote = this.#own.unsettled;
    const row = vote && this.#rowOf(vote);
    if (!row || this.#busy) return;
    const whose = vote.voter === undefined ? 'your vote' : `the vote of “\u2068${vote.voter}\u2069”`;
    this.#ask(row, vote, new Problem(`Nobody knows yet whether ${whose} arrived. Sent again, it counts once.`));
  }

  /**
   * @param {ChoiceRow} row
   * @param {OwnVote} vote
   * @param {Problem} problem
   */
  #ask(row, vote, problem) {
    this.#asked = vote.isCounted ? undefined : vote;
    const again = () => this.#send(row, vote);
    row.note(problemNote(problem, element('button', { type: 'button', click: again }, 'Send this vote again')));
  }

  /** @param {OwnVote} vote */
  #rowOf({ choice }) {
    return this.#rows.find((row) => row.choice === choice);
  }
}

/** @param {readonly OwnVote[]} votes for one choice */
function ownWords(votes) {
  const voters = votes.map(({ voter }) => voter).filter((voter) => voter !== undefined);
  if (voters.length === 0) return '✓ Your vote';
  return `✓ Vote of ${voters.map((voter) => `\u2068${voter}\u2069`).join(', ')}`;
}

/**
 * A key that is held down is pressed once.
 *
 * @param {Event} event
 */
function ignoreRepeats(event) {
  if (event instanceof KeyboardEvent && event.repeat && event.key === 'Enter') event.preventDefault();
}
