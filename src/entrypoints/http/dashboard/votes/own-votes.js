import { newIdentity } from '../service.js';

/**
 * @import { Poll } from './polls.js'
 *
 * @typedef {object} OwnVote
 * @property {string} choice
 * @property {string} [voter]
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
  /** @type {Kept} */
  #latest = { seed: newIdentity(), votes: [] };

  /** @param {Poll} poll */
  constructor({ pollId, createdAt, choices, voterLimit, status }) {
    this.#name = `portside-votes ${pollId} ${createdAt}`;
    this.#choices = choices;
    const kept = this.#read();
    if (status === 'open' && voterLimit === 'none') this.#keep(kept);
  }

  /** Votes that are counted, the latest of each choice and voter. */
  get counted() {
    return this.#read().votes.filter(({ isCounted }) => isCounted);
  }

  /** A vote of which nobody knows whether it arrived. */
  get unsettled() {
    return this.#read().votes.find(({ isCounted }) => !isCounted);
  }

  /**
   * The vote that is meant by voting for a choice; it is remembered before it is sent.
   *
   * @param {string} choice
   * @param {string | undefined} voter
   * @param {boolean} [isAnother] whether the viewer wants one more than those that are counted
   * @returns {OwnVote}
   */
  meant(choice, voter, isAnother = false) {
    const kept = this.#read();
    const before = [...kept.votes].reverse().find((vote) => vote.choice === choice && vote.voter === voter);
    if (before && !(isAnother && before.isCounted)) return before;
    const round = before ? before.round + 1 : 0;
    const identity = voter === undefined ? `${kept.seed}-${this.#choices.indexOf(choice)}-${round}` : newIdentity();
    const vote = { choice, voter, round, identity, isCounted: false };
    this.#keep({ ...kept, votes: [...kept.votes, vote].slice(-MOST) });
    return vote;
  }

  /**
   * @param {OwnVote} vote
   * @param {boolean} isCounted whether the service has counted it, or refused it
   */
  settle(vote, isCounted) {
    const kept = this.#read();
    const others = kept.votes.filter(
      ({ identity, choice, voter }) =>
        identity !== vote.identity && !(isCounted && choice === vote.choice && voter === vote.voter),
    );
    this.#keep({ ...kept, votes: isCounted ? [...others, { ...vote, isCounted }] : others });
  }

  /**
   * @param {() => void} listener called when another window of this browser has voted
   * @param {AbortSignal} signal ends it
   */
  onChange(listener, signal) {
    addEventListener('storage', ({ key }) => (key === null || key === this.#name) && listener(), { signal });
  }

  /** @returns {Kept} */
  #read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#name) ?? 'null');
      if (typeof kept?.seed === 'string' && Array.isArray(kept.votes)) this.#latest = kept;
    } catch {
      // Nothing is kept, or nothing of ours.
    }
    return this.#latest;
  }

  /** @param {Kept} kept */
  #keep(kept) {
    this.#latest = kept;
    try {
      localStorage.setItem(this.#name, JSON.stringify(kept));
    } catch {
      // It is remembered until the page is left.
    }
  }
}
