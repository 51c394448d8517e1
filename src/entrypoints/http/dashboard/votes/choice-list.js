import { formatShare, formatVotes } from '../format.js';
import { html, nothing } from '../packages.js';
import { problemNote } from '../problem-note.js';
import { isolated } from '../text.js';
import { shownShares } from './shares.js';

/**
 * @import { Ballot } from './ballot.js'
 * @import { OwnVote } from './own-votes.js'
 * @import { Results } from './polls.js'
 */

/**
 * The choices of a poll with their results, what this browser voted, and the buttons to vote.
 *
 * @param {Ballot} ballot
 * @param {Results} results
 */
export function choiceList(ballot, results) {
  const isOpen = results.status === 'open' && ballot.poll.channels.includes('web');
  const highest = Math.max(1, ...results.choices.map(({ votes }) => votes ?? 0));
  const shares = shownShares(results);
  const row = (/** @type {Results['choices'][number]} */ { choice, votes }, /** @type {number} */ index) => {
    const share = shares[index] ?? null;
    const isHidden = votes === null || share === null;
    return html`
      <li class="choice${votes === highest ? ' is-leading' : ''}${isHidden ? ' is-hidden' : ''}">
        <span class="choice-name">${isolated(choice)}</span>
        ${isHidden ? nothing : figuresOf(votes, share)}
        ${buttonsOf(ballot, choice, isOpen, `own-vote-${index}`)}
      </li>`;
  };
  return html`
    <div class="stack">
      ${ballot.hasVoters ? voterField(isOpen) : nothing}
      <ul class="choices" dir=${ballot.direction} @keydown=${ignoreRepeats}>${results.choices.map(row)}</ul>
    </div>`;
}

/** @param {boolean} isOpen */
const voterField = (isOpen) => html`
  <form class="voter" ?hidden=${!isOpen} @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <label for="voter">Who votes</label>
    <input id="voter" autocomplete="off" required maxlength="256" />
    <p class="hint">A name, number or address. It is stored as a pseudonym, and has one vote.</p>
  </form>`;

/**
 * @param {number} votes
 * @param {number} share
 */
const figuresOf = (votes, share) => html`
  <span class="choice-figures">
    <span class="choice-votes" dir="ltr">${formatVotes(votes)}</span>
    <span class="choice-share" dir="ltr">${formatShare(share)}</span>
  </span>
  <div class="bar" aria-hidden="true"><div class="bar-fill" .style=${`--share: ${share}`}></div></div>`;

/**
 * @param {Ballot} ballot
 * @param {string} choice
 * @param {boolean} isOpen whether votes are taken
 * @param {string} ownId of the element that tells of votes of this browser
 */
function buttonsOf(ballot, choice, isOpen, ownId) {
  const [sending, failed] = [ballot.sending.value, ballot.failed.value];
  const own = ballot.own.votes.filter((vote) => vote.isCounted && vote.choice === choice);
  const isVoted = own.length > 0 && !ballot.hasVoters;
  const says = sending?.choice === choice ? sending.says : isVoted ? 'Voted' : 'Vote';
  // A button that is disabled would lose the focus.
  const isBusy = sending !== undefined;
  return html`
    <button class=${says === 'Counted' || says === 'Voted' ? 'vote is-counted' : 'vote'} type="button" ?hidden=${!isOpen}
      aria-disabled=${isBusy} aria-describedby=${ownId} @click=${() => ballot.press(choice)}>
      <span aria-hidden="true">${says}</span><span class="unseen">Vote for ${isolated(choice)}</span>
    </button>
    <div class="choice-own" ?hidden=${own.length === 0}>
      <span id=${ownId}>${ownWords(own)}</span>
      <button class="quiet" type="button" ?hidden=${!(isVoted && isOpen)} aria-disabled=${isBusy}
        @click=${() => ballot.press(choice, true)}>Vote again<span class="unseen"> for ${isolated(choice)}</span></button>
    </div>
    <div class="choice-notes">${failed?.vote.choice === choice ? failure(ballot, failed) : nothing}</div>`;
}

/**
 * @param {Ballot} ballot
 * @param {NonNullable<Ballot['failed']['value']>} failed
 */
function failure(ballot, { vote, problem }) {
  const again = html`<button type="button" @click=${() => ballot.send(vote)}>Send this vote again</button>`;
  return problemNote(problem, problem.isPassing ? again : nothing);
}

/** @param {readonly OwnVote[]} votes for one choice */
function ownWords(votes) {
  const voters = votes.flatMap(({ voter }) => (voter === undefined ? [] : [`\u2068${voter}\u2069`]));
  return voters.length === 0 ? '✓ Your vote' : `✓ Vote of ${voters.join(', ')}`;
}

/**
 * A key that is held down is pressed once.
 *
 * @param {KeyboardEvent} event
 */
function ignoreRepeats(event) {
  if (event.repeat && event.key === 'Enter') event.preventDefault();
}
