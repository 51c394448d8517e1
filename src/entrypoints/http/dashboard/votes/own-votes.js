import { signal } from '../packages.js';
import { newIdentity } from '../service.js';

/**
 * @import { Poll } from './polls.js'
 *
 * @typedef {object} OwnVote
 * @property {string} choice
 * @property {string | undefined} [voter]
 * @property {number} round how often this choice was voted for on purpose before
 * @property {string} identity under which it is sent, however often that is
 * @property {boolean} isCounted false while it is under way, and while nobody knows whether it arrived
 *
 * @typedef {object} Kept
 * @property {string} seed of the identities
 * @property {readonly OwnVote[]} votes the newest last
 */

/** A device that many people use remembers so many votes of a poll. */
const MOST = 100;

/**
 * The votes that this browser has cast in a poll. It remembers them over a reload and shares them with its other
 * windows, so that one action has one identity: voting for the same choice again is the same vote, wherever and however
 * often it is pressed, until the viewer asks for another one.
 *
 * Where many votes of a person count, identities follow from a seed that is there before anybody votes, so that two
 * windows that vote at the same moment send one identity, though neither has seen the other's vote yet. In a poll with one
 * vote each the voter is what the service counts by.
 *
 * A browser that keeps nothing for pages remembers until the page is left.
 */
export class OwnVotes {
  #name;
  #choices;
  #kept = signal(/** @type {Kept} */ ({ seed: newIdentity(), votes: [] }));

  /**
   * @param {Poll} poll
   * @param {AbortSignal} until ends it
   */
  constructor({ pollId, createdAt, choices, voterLimit, status }, until) {
    this.#name = `portside-votes ${pollId} ${createdAt}`;
    this.#choices = choices;
    this.#read();
    if (status === 'open' && voterLimit === 'none') this.#keep(this.#kept.value);
    addEventListener('storage', () => this.#read(), { signal: until });
  }

  /** The newest last; of those that are counted, the latest of each choice and voter. */
  get votes() {
    return this.#kept.value.votes;
  }

  /** A vote of which nobody knows whether it arrived. */
  get unsettled() {
    return this.votes.find(({ isCounted }) => !isCounted);
  }

  /**
   * The vote that is meant by voting for a choice; it is remembered before it is sent.
   *
   * @param {string} choice
   * @param {string | undefined} voter
   * @param {boolean} isAnother whether the viewer wants one more than those that are counted
   * @returns {OwnVote}
   */
  meant(choice, voter, isAnother) {
    const { seed, votes } = this.#read();
    const before = [...votes].reverse().find((vote) => vote.choice === choice && vote.voter === voter);
    if (before && !(isAnother && before.isCounted)) return before;
    const round = before ? before.round + 1 : 0;
    const identity = voter === undefined ? `${seed}-${this.#choices.indexOf(choice)}-${round}` : newIdentity();
    const vote = { choice, voter, round, identity, isCounted: false };
    this.#keep({ seed, votes: [...votes, vote].slice(-MOST) });
    return vote;
  }

  /**
   * @param {OwnVote} vote
   * @param {boolean} isCounted whether the service has counted it, or refused it
   */
  settle(vote, isCounted) {
    const { seed, votes } = this.#read();
    const others = votes.filter(
      ({ identity, choice, voter }) =>
        identity !== vote.identity && !(isCounted && choice === vote.choice && voter === vote.voter),
    );
    this.#keep({ seed, votes: isCounted ? [...others, { ...vote, isCounted }] : others });
  }

  /** What was kept last, here or in another window. */
  #read() {
    let kept;
    try {
      kept = JSON.parse(localStorage.getItem(this.#name) ?? 'null');
    } catch {
      // Nothing is kept, or nothing of ours.
    }
    if (typeof kept?.seed === 'string' && Array.isArray(kept.votes)) this.#kept.value = kept;
    return this.#kept.value;
  }

  /** @param {Kept} kept */
  #keep(kept) {
    this.#kept.value = kept;
    try {
      localStorage.setItem(this.#name, JSON.stringify(kept));
    } catch {
      // It is remembered until the page is left.
    }
  }
}
