import { confirmed } from './dialog.js';
import { batch, html, nothing, signal } from './packages.js';
import { problemNote } from './problem-note.js';
import { Problem } from './service.js';

/** @import { Content } from './packages.js' */

/**
 * @template Answer
 * @typedef {object} Steps
 * @property {Parameters<typeof confirmed>[0]} [confirm] what is asked first
 * @property {string} meanwhile what is said until the answer is there
 * @property {() => Promise<Answer>} act
 * @property {(answer: Answer) => Content} report says what came of it
 */

/** Has the service do something for the viewer, one thing at a time, and knows what came of it. */
export class Action {
  report = signal(/** @type {Content} */ (''));
  problem = signal(/** @type {Problem | undefined} */ (undefined));
  #isBusy = false;

  /**
   * Does nothing while something else is under way.
   *
   * @template Answer
   * @param {Steps<Answer>} steps
   */
  async run({ confirm, meanwhile, act, report }) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      if (confirm && !(await confirmed(confirm))) return;
      this.say(meanwhile);
      this.say(report(await act()));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.say('', error);
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * @param {Content} report
   * @param {Problem} [problem]
   */
  say(report, problem) {
    batch(() => {
      this.report.value = report;
      this.problem.value = problem;
    });
  }
}

/**
 * What came of an action, to be placed below its buttons.
 *
 * @param {Action} action
 */
export const outcome = ({ report: { value: report }, problem: { value: problem } }) => html`
  <div role="status">${typeof report === 'string' && report !== '' ? html`<p>${report}</p>` : report}</div>
  <div>${problem ? problemNote(problem) : nothing}</div>`;
