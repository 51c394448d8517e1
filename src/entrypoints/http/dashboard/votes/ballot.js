import { html, signal } from '../packages.js';
import { Problem } from '../service.js';
import { directionOf, isolated } from '../text.js';
import { delay } from '../time.js';
import { byId, focusOn, react } from '../view.js';
import { OwnVotes } from './own-votes.js';
import { castVote } from './polls.js';

/**
 * @import { Content } from '../packages.js'
 * @import { OwnVote } from './own-votes.js'
 * @import { Poll } from './polls.js'
 */

const SAID_MS = 2_000;

/**
 * Votes in a poll, one at a time.
 *
 * A press is one vote: until it is counted, and for two seconds more, all buttons are busy, so that the second press of a
 * double click meets none. Later the button of a choice that was voted for repeats that vote, which counts nothing. In a
 * poll that takes many votes of a person, the button of another choice is another vote, as nobody presses that by
 * mistake for the first; one more for the same choice has a button of its own.
 */
export class Ballot {
  /** The vote that keeps the buttons busy. */
  sending = signal(/** @type {{ choice: string, says: 'Sending' | 'Counted' } | undefined} */ (undefined));
  /** The vote that was not counted, or of which nobody knows, and why. */
  failed = signal(/** @type {{ vote: OwnVote, problem: Problem } | undefined} */ (undefined));
  /** What is read out. */
  said = signal(/** @type {Content} */ (''));
  own;

  /**
   * @param {Poll} poll
   * @param {AbortSignal} until ends it
   */
  constructor(poll, until) {
    this.poll = poll;
    /** The choices of one language belong on the side of the question. */
    this.direction = directionOf(poll.question);
    this.own = new OwnVotes(poll, until);
    this.#askAbout(this.own.unsettled);
    react(() => {
      const { vote, problem } = this.failed.value ?? {};
      const isSettled = this.own.votes.every(({ identity, isCounted }) => isCounted || identity !== vote?.identity);
      // Another window has sent it by now.
      if (problem?.isPassing && !vote?.isCounted && isSettled) this.#forgetFailed();
    }, until);
  }

  /** Whether the service counts by voters. */
  get hasVoters() {
    return this.poll.voterLimit === 'one';
  }

  /**
   * @param {string} choice
   * @param {boolean} [isAnother] whether it is meant as one more vote for a choice
   */
  press(choice, isAnother = false) {
    if (this.sending.value) return;
    const field = this.hasVoters ? /** @type {HTMLInputElement} */ (byId('voter')) : undefined;
    if (field) field.value = field.value.trim();
    const voter = field?.value;
    const { unsettled } = this.own;
    if (unsettled && !(unsettled.choice === choice && (unsettled.voter === voter || voter === ''))) {
      // It may be counted, so what is pressed now could be a second vote.
      if (this.failed.value?.vote.identity !== unsettled.identity) this.#askAbout(unsettled);
      focusOn('.choice-notes button');
    } else if (unsettled) void this.send(unsettled);
    else if (field?.reportValidity() !== false) void this.send(this.own.meant(choice, voter, isAnother));
  }

  /** @param {OwnVote} vote */
  async send(vote) {
    if (this.sending.value) return;
    const { choice, voter, identity } = vote;
    this.#forgetFailed();
    this.said.value = '';
    this.sending.value = { choice, says: 'Sending' };
    try {
      await castVote(this.poll.pollId, { choice, ...(voter === undefined ? {} : { voter }) }, identity);
      this.own.settle(vote, true);
      this.sending.value = { choice, says: 'Counted' };
      this.said.value = html`Your vote for ${isolated(choice)} ${vote.isCounted ? 'was counted already' : 'is counted'}.`;
      await delay(SAID_MS);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!problem.isPassing) this.own.settle(vote, false);
      this.failed.value = { vote, problem };
    } finally {
      this.sending.value = undefined;
    }
  }

  /**
   * After a reload nobody knows what became of a vote that was under way.
   *
   * @param {OwnVote} [vote]
   */
  #askAbout(vote) {
    if (!vote) return;
    const whose = vote.voter === undefined ? 'your vote' : `the vote of “\u2068${vote.voter}\u2069”`;
    const problem = new Problem(`Nobody knows yet whether ${whose} arrived. Sent again, it counts once.`);
    this.failed.value = { vote, problem };
  }

  /** Whoever was at its button goes on at the button of its choice, rather than at the top of the page. */
  #forgetFailed() {
    const row = document.activeElement?.closest('.choice-notes')?.closest('.choice');
    if (row) focusOn('.vote', row);
    this.failed.value = undefined;
  }
}
