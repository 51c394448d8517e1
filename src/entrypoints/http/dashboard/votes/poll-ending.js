import { formatCount, formatMoment } from '../format.js';
import { element } from '../legacy/dom.js';

/** @import { Audit, Poll } from './polls.js' */

/** Says of a poll whose count is over when it was closed, by whom, and whether its counts agree. Everybody may see that. */
export class PollEnding {
  element = element('div', { class: 'ending', hidden: true });

  /** @param {Poll} poll */
  show({ final, closedAt, closedBy, audit }) {
    const parts = final
      ? [...(closedAt ? [element('p', {}, closing(closedAt, closedBy))] : []), ...(audit ? auditReport(audit) : [])]
      : [];
    this.element.hidden = parts.length === 0;
    const text = parts.map((part) => part.textContent).join('');
    // Said again, a warning would be read out again.
    if (text !== this.element.textContent) this.element.replaceChildren(...parts);
  }
}

/**
 * @param {string} closedAt
 * @param {string} [closedBy]
 */
function closing(closedAt, closedBy) {
  const who = closedBy === undefined ? '' : closedBy === 'schedule' ? ' as scheduled' : ` by ${closedBy}`;
  return `Closed on ${formatMoment(closedAt)}${who}.`;
}

/** @param {Audit} audit */
function auditReport({ ballots, shards, tally, drift, at, doubleVoters = 0, withoutRegions = [] }) {
  const when = at ? `Audited on ${formatMoment(at)}: ` : 'Audited: ';
  const counts = [counted(ballots, 'ballot'), counted(shards, 'counter'), `${formatCount(tally)} in the tally`];
  const agrees = drift === 0 && ballots === shards;
  const size = `${drift > 0 ? '+' : drift < 0 ? '−' : ''}${formatCount(Math.abs(drift))}`;
  const remarks = [
    doubleVoters > 0 ? `${counted(doubleVoters, 'voter')} voted in more than one region.` : '',
    withoutRegions.length > 0 ? `Votes may be missing from regions that were lost: ${withoutRegions.join(', ')}.` : '',
  ].filter(Boolean);
  const verdict = agrees
    ? element('p', { class: 'audit' }, `✓ ${when}${counts.join(' = ')}.`)
    : element(
        'p',
        { class: 'problem', role: 'alert' },
        `${when}the counts do not agree: ${counts.join(', ')}. The drift is ${size}, so the result may be wrong.`,
      );
  return [verdict, ...(remarks.length > 0 ? [element('p', { class: 'problem' }, remarks.join(' '))] : [])];
}

/**
 * @param {number} count
 * @param {string} what
 */
const counted = (count, what) => `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
