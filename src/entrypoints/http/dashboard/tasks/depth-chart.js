import { formatCount, formatDuration } from '../format.js';
import { html, nothing } from '../packages.js';

/**
 * @import { Queue } from './tasks.js'
 *
 * How many tasks a queue held at a moment.
 *
 * @typedef {object} Depth
 * @property {number} at ms on a clock that only rises
 * @property {number} pending
 * @property {number} taken
 * @property {boolean} isExact
 */

const WIDTH = 600;
const HEIGHT = 150;
/** How far back it goes. */
const HISTORY_MS = 300_000;
/** The chart is at least so wide; it grows with what was seen. */
const LEAST_WIDTH_MS = 60_000;
/** From then on there is something to say of the time in which it was seen. */
const SEEN_MS = 1_000;
/** Where nothing was seen for so long, nothing is drawn. */
const GAP_MS = 40_000;

/** How many tasks each queue held in the last minutes, as far as anybody looked, the newest last. @type {Map<string, Depth[]>} */
const depths = new Map();

/** @param {Queue} queue as it was just read */
export function recordDepth({ queue, pending, taken, approximate = [] }) {
  const isExact = !approximate.includes('pending') && !approximate.includes('taken');
  const at = performance.now();
  const recent = depths.get(queue)?.filter((depth) => depth.at > at - HISTORY_MS) ?? [];
  depths.set(queue, [...recent, { at, pending, taken, isExact }]);
}

/**
 * The depth of a queue over the last minutes: what is taken, and on top of it what is pending.
 *
 * @param {string} queue
 */
export function depthChart(queue) {
  const seen = depths.get(queue) ?? [];
  const newest = seen[seen.length - 1];
  if (!newest) return nothing;
  const open = seen.map(({ pending, taken }) => pending + taken);
  const [least, most] = [Math.min(...open), Math.max(...open)];
  const top = roundedUp(most);
  const seenMs = newest.at - (seen[0]?.at ?? newest.at);
  const widthMs = Math.min(HISTORY_MS, Math.max(LEAST_WIDTH_MS, seenMs));
  const xOf = (/** @type {Depth} */ { at }) => WIDTH * (1 - (newest.at - at) / widthMs);
  const draw = (/** @type {(depth: Depth) => number} */ countOf) =>
    stretches(seen)
      .map((stretch) => area(stretch.map((depth) => [xOf(depth), HEIGHT * (1 - countOf(depth) / top)])))
      .join('');
  const now = `${newest.isExact ? '' : '≈\u00a0'}${formatCount(newest.pending + newest.taken)} open now`;
  const range = `, between ${formatCount(least)} and ${formatCount(most)} in the last ${formatDuration(seenMs)}`;
  return html`
    <figure class="chart">
      <div class="chart-area">
        <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
          <path class="is-pending" d=${draw(({ pending, taken }) => pending + taken)} />
          <path class="is-taken" d=${draw(({ taken }) => taken)} />
        </svg>
        <span class="chart-top" aria-hidden="true">${formatCount(top)}</span>
      </div>
      <div class="chart-axis" aria-hidden="true"><span>${formatDuration(widthMs)} ago</span><span>now</span></div>
      <figcaption>
        <span class="key is-pending">Pending</span>
        <span class="key is-taken">Taken</span>
        <span>${now}${least < most && seenMs >= SEEN_MS ? range : ''}.</span>
      </figcaption>
    </figure>`;
}

/**
 * Parts in which something was seen all the time.
 *
 * @param {readonly Depth[]} seen
 */
function stretches(seen) {
  /** @type {Depth[][]} */
  const parts = [];
  for (const depth of seen) {
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
