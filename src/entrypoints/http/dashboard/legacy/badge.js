import { element, setText } from './dom.js';

/** @import { Problem } from '../service.js' */

/** Says how far the figures of a page can be trusted at this moment. */
export class Badge {
  #words = element('span');

  constructor() {
    this.element = element(
      'p',
      { class: 'connection', role: 'status' },
      element('span', { class: 'dot' }),
      this.#words,
    );
    this.detail = element('p', { class: 'connection-detail', hidden: true });
    this.show('connecting', 'Connecting');
  }

  /**
   * @param {'connecting' | 'live' | 'polling' | 'catching-up' | 'lost'} state
   * @param {string} words
   */
  show(state, words) {
    setText(this.#words, words);
    this.element.dataset.state = state;
    this.element.hidden = false;
  }

  /** Says nothing: there are no figures. */
  hide() {
    this.element.hidden = true;
    this.explain();
  }

  /** @param {Problem} [problem] why what is shown is not of now; nothing if it is */
  explain(problem) {
    setText(this.detail, problem ? `${problem.message} These are the last figures that arrived. Trying again.` : '');
    this.detail.hidden = !problem;
  }
}
