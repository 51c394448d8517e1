import { formatCount, formatMoment } from '../format.js';
import { html, nothing } from '../packages.js';

/** @import { Poll } from './polls.js' */

/**
 * Says of a poll whose count is over when it was closed, by whom, and whether its counts agree. Everybody may see that.
 *
 * @param {Poll} poll
 */
export function pollEnding({ final, closedAt, closedBy, audit }) {
  if (!final) return nothing;
  const who = closedBy === undefined ? '' : closedBy === 'schedule' ? ' as scheduled' : ` by ${closedBy}`;
  return html`
    <div class="ending">
      ${closedAt ? html`<p>Closed on ${formatMoment(closedAt)}${who}.</p>` : nothing}
      ${audit ? auditReport(audit) : nothing}
    </div>`;
}

/** @param {NonNullable<Poll['audit']>} audit */
function auditReport({ ballots, shards, tally, drift, at, doubleVoters = 0, withoutRegions = [] }) {
  const when = at ? `Audited on ${formatMoment(at)}: ` : 'Audited: ';
  const counts = [counted(ballots, 'ballot'), counted(shards, 'counter'), `${formatCount(tally)} in the tally`];
  const size = `${drift > 0 ? '+' : drift < 0 ? '−' : ''}${formatCount(Math.abs(drift))}`;
  const remarks = [
    ...(doubleVoters > 0 ? [`${counted(doubleVoters, 'voter')} voted in more than one region.`] : []),
    ...(withoutRegions.length > 0
      ? [`Votes may be missing from regions that were lost: ${withoutRegions.join(', ')}.`]
      : []),
  ];
  return html`
    ${
      drift === 0 && ballots === shards
        ? html`<p class="audit">✓ ${when}${counts.join(' = ')}.</p>`
        : html`<p class="problem" role="alert">${when}the counts do not agree: ${counts.join(', ')}. The drift is ${size},
            so the result may be wrong.</p>`
    }
    ${remarks.length > 0 ? html`<p class="problem">${remarks.join(' ')}</p>` : nothing}`;
}

/**
 * @param {number} count
 * @param {string} what
 */
const counted = (count, what) => `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
