import { Action } from '../action.js';
import { apiKey } from '../api-key.js';
import { badgeDetail } from '../badge.js';
import { formatMoment } from '../format.js';
import { html, nothing, signal, untracked } from '../packages.js';
import { retriedNote } from '../problem-note.js';
import { idText } from '../text.js';
import { apart, focusOn, react } from '../view.js';
import { announcedFigures } from './announcer.js';
import { Ballot } from './ballot.js';
import { choiceList } from './choice-list.js';
import { connectionBadge, staleness } from './connection-badge.js';
import { figures } from './figures.js';
import { pollControls } from './poll-controls.js';
import { pollEnding } from './poll-ending.js';
import { isCounting, STATUS_WORDS } from './polls.js';
import { voteRate } from './vote-rate.js';
import { WatchedPoll } from './watched-poll.js';

/**
 * @import { Html } from '../packages.js'
 * @import { SideList } from '../side-list.js'
 * @import { Poll, Results } from './polls.js'
 */

/**
 * One poll with its results as they change, its vote buttons, and the controls of a key holder. Voters have the choices
 * first, also on a small screen; who looks after the poll has the figures above them.
 *
 * @param {string} pollId
 * @param {SideList<Poll>} list which is told when the poll opens and closes
 * @param {AbortSignal} until ends the view
 * @returns {() => Html}
 */
export function pollView(pollId, list, until) {
  const watched = new WatchedPoll(pollId, until);
  const rate = voteRate(watched, until);
  const announced = announcedFigures(watched, until);
  const action = new Action();
  const ballot = signal(/** @type {Ballot | undefined} */ (undefined));
  /** Whoever chose it in the list is led to its question, though the poll has yet to be read. */
  const listed = list.items.value?.find((poll) => poll.pollId === pollId)?.question ?? '';
  react(() => {
    const poll = watched.poll.value;
    if (!poll) return;
    document.title = `\u2068${poll.question}\u2069 – Portside`;
    untracked(() => {
      ballot.value ??= new Ballot(poll, until);
    });
  }, until);
  react(() => {
    const status = watched.status.value;
    if (status === undefined) return;
    list.known.value = { status };
    // The buttons to vote go, and the focus must not go with them.
    if (status !== 'open' && document.activeElement?.closest('.choices, .voter')) focusOn('.headline');
  }, until);

  /**
   * @param {Poll} poll
   * @param {Results} results
   * @param {Ballot} ballot
   */
  const content = (poll, results, ballot) => {
    const isVoter = apiKey.value === undefined;
    const allFigures = apart(() => figures(watched, results, rate.value));
    return html`
      ${badgeDetail(watched.problem.value)}
      ${staleness(results)}
      ${pollEnding(poll)}
      ${isVoter ? nothing : allFigures}
      ${results.hidden ? hiddenNote(results) : nothing}
      ${apart(() => choiceList(ballot, results))}
      ${isVoter ? allFigures : nothing}
      ${regionsNote(results)}
      ${apart(() => pollControls(watched, action))}
      <div class="unseen">
        <p aria-live="polite">${apart(() => announced.value)}</p>
        <p role="status">${apart(() => ballot.said.value)}</p>
      </div>`;
  };
  return () => {
    const [poll, results, problem, votes] = [
      watched.poll.value,
      watched.results.value,
      watched.problem.value,
      ballot.value,
    ];
    const isKnown = poll && results && votes && problem?.isPassing !== false;
    const question = poll?.question ?? listed;
    return html`
      <article class=${isKnown && problem ? 'card is-lost' : 'card'} aria-busy=${!isKnown && !problem}>
        ${isKnown ? meta(watched, poll, results) : nothing}
        <h2 class="headline" tabindex="-1" dir="auto" ?hidden=${question === ''}>${question}</h2>
        ${isKnown ? content(poll, results, votes) : problem ? retriedNote(problem) : html`<p class="empty">Loading…</p>`}
      </article>`;
  };
}

/**
 * @param {WatchedPoll} watched
 * @param {Poll} poll
 * @param {Results} results
 */
const meta = (watched, poll, results) => html`
  <div class="meta">
    <p>
      <span class="status" data-status=${results.status}>${isCounting(results) ? 'Counting the last votes' : STATUS_WORDS[results.status]}</span>
      ${factsOf(poll, results.status).map((fact) => html`<span class="fact">${fact}</span>`)}
      <span class="fact is-id">id ${idText(poll.pollId)}</span>
    </p>
    ${apart(() => connectionBadge(watched, results))}
  </div>`;

/**
 * @param {Poll} poll
 * @param {string} status
 */
const factsOf = ({ opensAt, closesAt, voterLimit, smsNumber, channels }, status) =>
  [
    status === 'scheduled' && opensAt ? `opens ${formatMoment(opensAt)}` : '',
    status !== 'closed' && closesAt ? `closes ${formatMoment(closesAt)}` : '',
    voterLimit === 'one' ? 'one vote each' : '',
    smsNumber ? `by SMS to ${smsNumber}` : '',
    channels.includes('web') ? '' : 'by SMS alone',
  ].filter(Boolean);

/** @param {Results} results */
const hiddenNote = (results) => html`
  <p class="note">${
    isCounting(results)
      ? 'The results are shown when the last votes are counted.'
      : 'The results are hidden until the poll closes.'
  }</p>`;

/** @param {Results} results */
const regionsNote = ({ regions = [] }) =>
  regions.length === 0
    ? nothing
    : html`<p class="hint">Regions: ${regions.map(({ region, open }) => `${region} ${open ? 'takes votes' : 'is closed'}`).join(', ')}.</p>`;
