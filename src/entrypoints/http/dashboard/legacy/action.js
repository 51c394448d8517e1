import { Problem } from '../service.js';
import { confirmed } from './dialog.js';
import { element } from './dom.js';
import { problemNote } from './problem-note.js';

/**
 * @template Answer
 * @typedef {object} Steps
 * @property {Parameters<typeof confirmed>[0]} [confirm] what is asked first
 * @property {string} meanwhile what is said until the answer is there
 * @property {() => Promise<Answer>} act
 * @property {(answer: Answer) => Node | string} report says what came of it
 */

/** Has the service do something for the viewer, one thing at a time, and says below the buttons what came of it. */
export class Action {
  #report = element('div', { role: 'status' });
  #refusal = element('div');
  #isBusy = false;
  /** What is said, to be placed below the buttons. */
  outcome = [this.#report, this.#refusal];

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
      this.#say(meanwhile);
      this.#say(report(await act()));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#report.replaceChildren();
      this.#refusal.replaceChildren(problemNote(error));
    } finally {
      this.#isBusy = false;
    }
  }

  /** @param {Node | string} words */
  #say(words) {
    this.#report.replaceChildren(typeof words === 'string' ? element('p', {}, words) : words);
    this.#refusal.replaceChildren();
  }
}
