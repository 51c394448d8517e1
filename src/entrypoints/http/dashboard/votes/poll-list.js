import { SideList } from '../legacy/side-list.js';
import { listPolls } from './polls.js';

/**
 * @import { Problem } from '../service.js'
 * @import { Poll } from './polls.js'
 */

const SECTIONS = /** @type {const} */ ([
  ['open', 'Open'],
  ['scheduled', 'Not open yet'],
  ['closed', 'Closed'],
]);

/** @param {string} pollId */
export const pollHref = (pollId) => `#/votes/${pollId}`;

/**
 * The polls, open ones first.
 *
 * @param {(problem?: Problem) => void} onRefresh
 * @param {AbortSignal} signal
 * @returns {SideList<Poll>}
 */
export const pollList = (onRefresh, signal) =>
  new SideList(
    {
      title: 'Polls',
      more: 'Older polls',
      load: listPolls,
      count: (polls) => `${polls.filter(({ status }) => status === 'open').length} open`,
      sections: (polls) =>
        SECTIONS.map(([status, title]) => ({ title, items: polls.filter((poll) => poll.status === status) })),
      link: ({ pollId, question, choices }) => ({
        href: pollHref(pollId),
        title: question,
        facts: [`${choices.length} choices`, pollId],
      }),
      onRefresh,
    },
    signal,
  );
