import { outcome } from '../action.js';
import { apiKey } from '../api-key.js';
import { counts } from '../figures.js';
import { formatCount } from '../format.js';
import { html } from '../packages.js';
import { closePoll, recountPoll } from './polls.js';

/**
 * @import { Action } from '../action.js'
 * @import { ClosedPoll, Recount } from './polls.js'
 * @import { WatchedPoll } from './watched-poll.js'
 */

const CONFIRM = {
  title: 'Close this poll?',
  text: 'No vote is accepted afterwards, and a closed poll cannot be opened again. Ballots, shards and tally are then counted against each other.',
  action: 'Close and audit',
  cancelLabel: 'Leave it open',
};

/**
 * What a key holder can do with a poll: close it and recount it. Hidden without a key.
 *
 * @param {WatchedPoll} watched
 * @param {Action} action
 */
export function pollControls(watched, action) {
  const isClosed = watched.status.value === 'closed';
  // However it ends, the poll may have another count and another audit.
  const followAnew = () => watched.follow();
  const close = () =>
    action.run({
      ...(isClosed ? {} : { confirm: CONFIRM }),
      meanwhile: 'Counting the ballots…',
      act: () => closePoll(watched.pollId).finally(followAnew),
      report: auditReport,
    });
  const recount = () =>
    action.run({
      meanwhile: 'Recounting…',
      act: () => recountPoll(watched.pollId).finally(followAnew),
      report: recountReport,
    });
  return html`
    <section class="controls" aria-labelledby="controls-title" ?hidden=${apiKey.value === undefined}>
      <h3 id="controls-title">For key holders</h3>
      <div class="actions">
        <button type="button" @click=${close}>${isClosed ? 'Audit again' : 'Close and audit…'}</button>
        <button type="button" @click=${recount}>Recount</button>
      </div>
      ${outcome(action)}
    </section>`;
}

/** @param {ClosedPoll} poll */
const auditReport = ({ audit: { ballots, shards, tally, drift } }) => html`
  <p>${drift === 0 && ballots === shards ? 'The counts agree.' : 'The counts do not agree. Recount the poll.'}</p>
  ${numbers({ Ballots: ballots, Shards: shards, Tally: tally, Drift: drift })}`;

/** @param {Recount} recount */
const recountReport = ({ before, after, drift }) => html`
  <p>${drift === 0 ? 'The tally was right.' : 'The tally was rebuilt from the shards.'}</p>
  ${numbers({ Before: before, After: after, Drift: drift })}`;

/** @param {Record<string, number>} all */
const numbers = (all) => counts(Object.entries(all).map(([name, number]) => [name, formatCount(number)]));
