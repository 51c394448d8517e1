import { formatCount } from '../format.js';
import { html, nothing } from '../packages.js';
import { compareRollouts, SAMPLE, totalOf } from './evaluation.js';

/**
 * @import { Rollout, Rule } from '../../../../domain/flags/flag.ts'
 */

/** So many of the users are drawn. */
const DRAWN = 100;

/**
 * What the shares of a rule do to some users: who gets the first variant in addition to those who have it by the rule as it
 * is stored, and who loses it.
 *
 * @param {string} key of the flag
 * @param {Rollout} after
 * @param {Rule['serve']} [given] what the rule served before, if there was one
 */
export function rolloutPreview(key, after, given) {
  const variant = after.rollout[0]?.[0];
  if (variant === undefined || totalOf(after) === 0) return nothing;
  const before = typeof given === 'string' ? { rollout: [[given, 1]] } : (given ?? { rollout: [] });
  const users = compareRollouts(key, /** @type {Rollout} */ (before), after);
  const states = users.map((user) => {
    if (user.after === variant) return user.before === variant ? 'is-kept' : 'is-added';
    return user.before === variant ? 'is-lost' : 'is-without';
  });
  const count = (/** @type {string} */ state) => states.filter((each) => each === state).length;
  const [added, lost] = [count('is-added'), count('is-lost')];
  return html`
    <div class="preview">
      <p role="status">Of ${formatCount(SAMPLE)} sample users, <strong>${formatCount(count('is-kept') + added)} get ${variant}</strong>${
        given
          ? html`: ${formatCount(added)} in addition, ${lost === 0 ? 'and nobody loses it' : html`<strong>and ${formatCount(lost)} lose it</strong>`}`
          : nothing
      }.</p>
      <div class="users" aria-hidden="true">${states.slice(0, DRAWN).map((state) => html`<span class="user ${state}"></span>`)}</div>
      <p class="hint" aria-hidden="true"><span class="user is-kept"></span> has it <span class="user is-added"></span> in addition
        <span class="user is-lost"></span> loses it</p>
    </div>`;
}
