import { html } from './packages.js';

/** @import { Problem } from './service.js' */

/**
 * Says how far the figures of a page can be trusted at this moment.
 *
 * @param {'connecting' | 'live' | 'polling' | 'catching-up' | 'lost'} state
 * @param {string} words empty where there are no figures
 */
export const badge = (state, words) => html`
  <p class="connection" role="status" data-state=${state} ?hidden=${words === ''}>
    <span class="dot"></span><span>${words}</span>
  </p>`;

/**
 * @param {Problem} [problem] why what is shown is not of now; nothing if it is
 */
export const badgeDetail = (problem) => html`
  <p class="connection-detail" ?hidden=${!problem}>${problem ? `${problem.message} These are the last figures that arrived. Trying again.` : ''}</p>`;
