import { formatClock, formatCount, formatDuration, formatRate } from '../format.js';
import { element, setFigure, setText } from '../legacy/dom.js';
import { RateMeter } from './rate-meter.js';
import { Sparkline } from './sparkline.js';

/** @import { Results } from './polls.js' */

/** What is to be known of the votes as a whole: how many, how fast they come, and how fresh all of it is. */
export class Figures {
  #total = element('dd', { class: 'figure-value' });
  #ballots = element('dd', { class: 'figure-value' });
  #ballotsFigure = element(
    'div',
    { class: 'figure', hidden: true },
    element('dt', {}, 'Ballots'),
    this.#ballots,
    element('dd', { class: 'figure-note' }, 'the turnout'),
  );
  #rate = element('dd', { class: 'figure-value' }, '–');
  #asOf = element('dd', { class: 'figure-value' });
  #age = element('dd', { class: 'figure-note' });
  #lag = element('dd', { class: 'figure-value' });
  #sparkline = new Sparkline();
  #rateFigure = element(
    'div',
    { class: 'figure' },
    element('dt', {}, 'Votes per second'),
    this.#rate,
    element('dd', { class: 'figure-note' }, this.#sparkline.element),
  );
  #lagFigure = element(
    'div',
    { class: 'figure' },
    element('dt', {}, 'Delay'),
    this.#lag,
    element('dd', { class: 'figure-note' }, 'from vote to tally'),
  );
  #meter = new RateMeter();
  #knownAt = 0;

  constructor() {
    this.element = element(
      'dl',
      { class: 'figures' },
      element('div', { class: 'figure is-total' }, element('dt', {}, 'Votes'), this.#total),
      this.#ballotsFigure,
      this.#rateFigure,
      element('div', { class: 'figure' }, element('dt', {}, 'As of'), this.#asOf, this.#age),
      this.#lagFigure,
    );
  }

  /** @param {Results} results */
  show({ status, total, ballots, asOf, lagMs }) {
    this.#ballotsFigure.hidden = ballots === undefined || ballots === total;
    setFigure(this.#ballots, formatCount(ballots ?? 0));
    // Where no votes come, or nobody may know how many, there is nothing to say of their speed.
    for (const figure of [this.#rateFigure, this.#lagFigure]) figure.hidden = status !== 'open' || total === null;
    this.#knownAt = performance.now();
    if (total === null) this.#meter.forget();
    else this.#meter.know(total);
    setFigure(this.#total, total === null ? 'Hidden' : formatCount(total));
    setText(this.#asOf, formatClock(asOf));
    setText(this.#lag, lagMs === null ? '–' : formatDuration(lagMs));
    this.#showAge();
  }

  /** What is known next says nothing of the time in between. */
  lost() {
    this.#meter.forget();
  }

  /** Call once a second. */
  tick() {
    if (this.#knownAt === 0) return;
    this.#meter.tick(performance.now());
    const rate = this.#meter.perSecond;
    setText(this.#rate, rate === undefined ? '–' : formatRate(rate));
    this.#sparkline.show(this.#meter.history);
    this.#showAge();
  }

  #showAge() {
    const ms = performance.now() - this.#knownAt;
    setText(this.#age, ms < 1_500 ? 'just now' : `${formatDuration(ms)} ago`);
  }
}
