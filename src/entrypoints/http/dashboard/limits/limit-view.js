import { Action, outcome } from '../action.js';
import { figure } from '../figures.js';
import { formatCount } from '../format.js';
import { html, nothing } from '../packages.js';
import { Polled, polledCard } from '../polled.js';
import { isolated } from '../text.js';
import { apart, react } from '../view.js';
import { openLimitSettings } from './limit-dialogs.js';
import { deleteLimit, readLimit } from './limits.js';
import { simulator } from './simulator.js';

/**
 * @import { Html } from '../packages.js'
 * @import { SideList } from '../side-list.js'
 * @import { Limit } from './limits.js'
 */

const INTERVAL_MS = 3_000;
const PERIODS = { hour: 'an hour', day: 'a day', month: 'a month' };
const FAILURES = {
  local: 'each process limits by itself',
  open: 'everything is allowed',
  closed: 'everything is refused',
};

/** What is limited, in words. @param {Limit} limit */
export function limitInWords({ rate, quota }) {
  return [
    ...(rate
      ? [
          `${formatCount(rate.requests)} in ${rate.perSeconds === 1 ? 'a second' : `${formatCount(rate.perSeconds)} seconds`}`,
          `${formatCount(rate.burst)} at once`,
        ]
      : []),
    ...(quota ? [`${formatCount(quota.requests)} ${PERIODS[/** @type {keyof typeof PERIODS} */ (quota.per)]}`] : []),
  ];
}

/**
 * One limit: what it lets pass, what became of its takes, and a place to try rates.
 *
 * @param {string} policyId
 * @param {SideList<Limit>} list which shows it, too
 * @param {AbortSignal} until ends the view
 * @returns {() => Html}
 */
export function limitView(policyId, list, until) {
  const known = /** @type {Polled<Limit & { etag: string }>} */ (
    new Polled((signal) => readLimit(policyId, signal), INTERVAL_MS, until)
  );
  const action = new Action();
  /** Made once: what the viewer has typed stays while figures change. @type {(() => Html) | undefined} */
  let tried;
  document.title = `${policyId} – Portside`;
  react(() => {
    list.known.value = known.answer.value ?? {};
  }, until);

  const change = (/** @type {Limit & { etag: string }} */ limit) =>
    openLimitSettings(limit, () => {
      tried = undefined;
      action.say('The limit is changed.');
      known.askNow();
    });
  const remove = () =>
    void action.run({
      confirm: {
        title: `Delete the limit ${policyId}?`,
        text: 'Takes from it are then answered with 404. This cannot be undone.',
        action: 'Delete the limit',
        cancelLabel: 'Keep it',
      },
      meanwhile: 'Deleting…',
      act: () => deleteLimit(policyId),
      report: () => {
        void list.pages.refresh().then(() => {
          location.hash = '#/limits';
        });
        return '';
      },
    });

  return () =>
    polledCard(known, {
      facts: html`<p>${known.answer.value ? factsOf(known.answer.value) : ''}</p>`,
      heading: html`<h2 class="headline" tabindex="-1">${isolated(policyId)}</h2>`,
      body: (limit) => {
        if (limit.rate) tried ??= simulator(limit.rate);
        return html`
          ${figures(limit)}
          <div class="outcome">
            <div class="actions">
              <button type="button" @click=${() => change(limit)}>Change…</button>
              <button type="button" @click=${remove}>Delete the limit…</button>
            </div>
            ${outcome(action)}
          </div>
          ${tried ? apart(tried) : nothing}`;
      },
      absent: 'There is no such limit.',
    });
}

/** @param {Limit} limit */
const figures = ({ mode, allowed, refused, degraded }) => html`
  <dl class="figures is-limit">
    ${figure(mode === 'shadow' ? 'Within the limit' : 'Allowed', formatCount(allowed), 'since the limit began', true)}
    ${mode === 'shadow' ? figure('Over the limit', formatCount(refused), 'refused in enforce mode alone') : figure('Refused', formatCount(refused), share(refused, allowed))}
    ${figure('Degraded', formatCount(degraded), 'answered without the store')}
  </dl>`;

/**
 * @param {number} refused
 * @param {number} allowed
 */
const share = (refused, allowed) =>
  refused === 0 ? 'none so far' : `${((100 * refused) / (refused + allowed)).toFixed(1)} % of all takes`;

/** @param {Limit} limit */
const factsOf = (limit) =>
  [
    ...(limit.mode === 'shadow' ? ['Shadow mode'] : []),
    ...limitInWords(limit),
    limit.accuracy,
    `store away: ${FAILURES[/** @type {keyof typeof FAILURES} */ (limit.onStoreFailure)]}`,
  ].join(' · ');
