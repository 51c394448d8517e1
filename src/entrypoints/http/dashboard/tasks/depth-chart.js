import { formatCount, formatDuration } from '../format.js';
import { element, setText } from '../legacy/dom.js';
import { HISTORY_MS } from './depth-history.js';

/** @import { Depth } from './depth-history.js' */

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 150;
/** The chart is at least so wide; it grows with what was seen. */
const LEAST_WIDTH_MS = 60_000;
/** From then on there is something to say of the time in which it was seen. */
const SEEN_MS = 1_000;
/** Where nothing was seen for so long, nothing is drawn. */
const GAP_MS = 40_000;

/** The depth of a queue over the last minutes: what is taken, and on top of it what is pending. */
export class DepthChart {
  #pending = document.createElementNS(SVG, 'path');
  #taken = document.createElementNS(SVG, 'path');
  #svg = document.createElementNS(SVG, 'svg');
  #top = element('span', { class: 'chart-top', 'aria-hidden': 'true' });
  #begin = element('span');
  #summary = element('span');

  constructor() {
    this.#pending.classList.add('is-pending');
    this.#taken.classList.add('is-taken');
    this.#svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.#svg.setAttribute('preserveAspectRatio', 'none');
    this.#svg.setAttribute('aria-hidden', 'true');
    this.#svg.append(this.#pending, this.#taken);
    this.element = element(
      'figure',
      { class: 'chart' },
      element('div', { class: 'chart-area' }, this.#svg, this.#top),
      element('div', { class: 'chart-axis', 'aria-hidden': 'true' }, this.#begin, element('span', {}, 'now')),
      element(
        'figcaption',
        {},
        element('span', { class: 'key is-pending' }, 'Pending'),
        element('span', { class: 'key is-taken' }, 'Taken'),
        this.#summary,
      ),
    );
  }

  /** @param {readonly Depth[]} depths the newest last */
  show(depths) {
    const newest = depths[depths.length - 1];
    if (!newest) return;
    const open = depths.map(({ pending, taken }) => pending + taken);
    const [least, most] = [Math.min(...open), Math.max(...open)];
    const top = roundedUp(most);
    const seenMs = newest.at - (depths[0]?.at ?? newest.at);
    const widthMs = Math.min(HISTORY_MS, Math.max(LEAST_WIDTH_MS, seenMs));
    const xOf = (/** @type {number} */ at) => WIDTH * (1 - (newest.at - at) / widthMs);
    const draw = (/** @type {(depth: Depth) => number} */ countOf) =>
      stretches(depths)
        .map((stretch) => area(stretch.map((depth) => [xOf(depth.at), yOf(countOf(depth) / top)])))
        .join('');
    this.#pending.setAttribute(
      'd',
      draw(({ pending, taken }) => pending + taken),
    );
    this.#taken.setAttribute(
      'd',
      draw(({ taken }) => taken),
    );
    setText(this.#top, formatCount(top));
    setText(this.#begin, `${formatDuration(widthMs)} ago`);
    const now = `${newest.isExact ? '' : '≈\u00a0'}${formatCount(newest.pending + newest.taken)} open now`;
    const range = `, between ${formatCount(least)} and ${formatCount(most)} in the last ${formatDuration(seenMs)}`;
    setText(this.#summary, `${now}${least < most && seenMs >= SEEN_MS ? range : ''}.`);
  }
}

/** @param {number} share of the height of the chart */
const yOf = (share) => HEIGHT * (1 - share);

/**
 * Parts in which something was seen all the time.
 *
 * @param {readonly Depth[]} depths
 */
function stretches(depths) {
  /** @type {Depth[][]} */
  const parts = [];
  for (const depth of depths) {
    const part = parts[parts.length - 1];
    const last = part?.[part.length - 1];
    if (part && last && depth.at - last.at < GAP_MS) part.push(depth);
    else parts.push([depth]);
  }
  return parts;
}

/**
 * The area under a line, as the data of a path.
 *
 * @param {readonly (readonly [x: number, y: number])[]} points
 */
function area(points) {
  const line = points.map(([x, y]) => `L${x.toFixed(1)},${y.toFixed(1)}`).join('');
  const [first = 0, last = 0] = [points[0]?.[0], points[points.length - 1]?.[0]];
  return `M${first.toFixed(1)},${HEIGHT}${line}L${last.toFixed(1)},${HEIGHT}Z`;
}

/**
 * The next of 5, 10, 20, 50, 100 and so on.
 *
 * @param {number} count
 */
function roundedUp(count) {
  for (let unit = 5; ; unit *= 10) for (const top of [unit, 2 * unit, 4 * unit]) if (top >= count) return top;
}
