const SVG = 'http://www.w3.org/2000/svg';
const POINTS = 60;
const HEIGHT = 20;

/** A line of the last minute, the newest value at its right end. */
export class Sparkline {
  #line = document.createElementNS(SVG, 'polyline');

  constructor() {
    this.element = document.createElementNS(SVG, 'svg');
    this.element.classList.add('sparkline');
    this.element.setAttribute('viewBox', `0 0 ${POINTS} ${HEIGHT}`);
    this.element.setAttribute('preserveAspectRatio', 'none');
    this.element.setAttribute('aria-hidden', 'true');
    this.element.append(this.#line);
  }

  /** @param {readonly number[]} values up to 60 */
  show(values) {
    const highest = Math.max(1, ...values);
    const start = POINTS - values.length;
    const points = values.map(
      (value, index) => `${start + index + 0.5},${HEIGHT - 1 - (value / highest) * (HEIGHT - 2)}`,
    );
    this.#line.setAttribute('points', points.join(' '));
  }
}
