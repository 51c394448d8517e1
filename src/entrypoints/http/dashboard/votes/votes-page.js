import { splitPage } from '../split-page.js';
import { openNewPollDialog } from './new-poll-dialog.js';
import { pollView } from './poll-view.js';
import { listPolls, STATUS_WORDS } from './polls.js';

/**
 * @import { Page } from '../pages.js'
 * @import { Choices } from '../side-list.js'
 * @import { Poll } from './polls.js'
 */

/** @param {string} pollId */
const hrefOf = (pollId) => `#/votes/${pollId}`;

/** @type {Choices<Poll>} */
const choices = {
  title: 'Polls',
  more: 'Older polls',
  load: listPolls,
  count: (polls) => `${polls.filter(({ status }) => status === 'open').length} open`,
  sections: (polls) =>
    Object.entries(STATUS_WORDS).map(([status, title]) => ({
      title,
      items: polls.filter((poll) => poll.status === status),
    })),
  link: ({ pollId, question, choices }) => ({
    href: hrefOf(pollId),
    title: question,
    facts: [`${choices.length} choices`, pollId],
  }),
};

const newPoll = () =>
  openNewPollDialog(({ pollId }) => {
    location.hash = hrefOf(pollId);
  });

/** The list of polls, and the poll that is chosen: `#/votes/<pollId>`. @type {Page} */
export const votesPage = {
  name: 'votes',
  title: 'Votes',
  mount: (place, signal) =>
    splitPage(
      {
        name: 'votes',
        title: 'Votes',
        choices,
        add: { label: 'New poll', click: newPoll },
        first: (polls) => (polls.find(({ status }) => status === 'open') ?? polls[0])?.pollId,
        empty: 'There is no poll yet. Key holders can make one.',
        open: pollView,
      },
      place,
      signal,
    ),
};
