import { html, nothing } from './packages.js';
import { isolated } from './text.js';

/**
 * @import { Content } from './packages.js'
 * @import { Problem } from './service.js'
 */

/**
 * Says what went wrong, as the service put it.
 *
 * @param {Problem} problem
 * @param {Content} [actions] what the viewer can do about it
 */
export const problemNote = ({ isAbsence, errors, message, status }, actions = nothing) => html`
  <div class=${isAbsence ? 'note' : 'problem'} role="alert">
    <p>${isolated(errors.length > 0 ? 'This cannot be done as it is:' : message)}</p>
    ${errors.length > 0 ? html`<ul>${errors.map((error) => html`<li>${isolated(`${error.path} ${error.message}`)}</li>`)}</ul>` : nothing}
    ${status === 401 ? html`<p>Change the key with the button at the top of the page.</p>` : nothing}
    ${actions}
  </div>`;

/**
 * Says what went wrong with something that is asked for again while there is hope.
 *
 * @param {Problem} problem
 */
export const retriedNote = (problem) => problemNote(problem, problem.isPassing ? html`<p>Trying again…</p>` : nothing);
