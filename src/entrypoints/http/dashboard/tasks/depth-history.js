/** @import { Queue } from './tasks.js' */

/** How far back it goes. */
export const HISTORY_MS = 300_000;

/**
 * How many tasks a queue held at a moment.
 *
 * @typedef {object} Depth
 * @property {number} at ms on a clock that only rises
 * @property {number} pending
 * @property {number} taken
 * @property {boolean} isExact
 */

/** How many tasks each queue held in the last minutes, as far as this page has seen it. */
export class DepthHistory {
  /** @type {Map<string, Depth[]>} */
  #depths = new Map();

  /** @param {Queue} queue as it was just read */
  record({ queue, pending, taken, approximate = [] }) {
    const isExact = !approximate.includes('pending') && !approximate.includes('taken');
    const at = performance.now();
    const recent = this.of(queue).filter((depth) => depth.at > at - HISTORY_MS);
    this.#depths.set(queue, [...recent, { at, pending, taken, isExact }]);
  }

  /**
   * @param {string} queue
   * @returns {readonly Depth[]} the newest last
   */
  of(queue) {
    return this.#depths.get(queue) ?? [];
  }
}
