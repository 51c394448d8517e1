import { accessPage } from './access/access-page.js';
import { flagsPage } from './flags/flags-page.js';
import { limitsPage } from './limits/limits-page.js';
import { stocksPage } from './stocks/stocks-page.js';
import { tasksPage } from './tasks/tasks-page.js';
import { votesPage } from './votes/votes-page.js';

/**
 * A page of the dashboard, reached as `#/<name>`.
 *
 * @typedef {object} Page
 * @property {string} name
 * @property {string} title
 * @property {(place: HTMLElement, signal: AbortSignal) => PageView} mount builds the page into an empty place; what it starts ends with the signal
 *
 * @typedef {object} PageView
 * @property {(path: string) => void} show goes to what the rest of the address names; empty for the page itself
 */

/** The pages, in the order of the navigation. A new one is one more entry. */
export const pages = /** @type {const} */ ([votesPage, tasksPage, stocksPage, accessPage, limitsPage, flagsPage]);
