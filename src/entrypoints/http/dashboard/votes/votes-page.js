import { SplitPage } from '../legacy/split-page.js';
import { openNewPollDialog } from './new-poll-dialog.js';
import { pollHref, pollList } from './poll-list.js';
import { PollView } from './poll-view.js';

/** @import { Page } from '../pages.js' */

/** The list of polls, and the poll that is chosen. @type {Page} */
export const votesPage = {
  name: 'votes',
  title: 'Votes',
  mount: (place, signal) =>
    new SplitPage(
      {
        name: 'votes',
        title: 'Votes',
        list: pollList,
        add: { label: 'New poll', click: newPoll },
        first: (polls) => (polls.find(({ status }) => status === 'open') ?? polls[0])?.pollId,
        empty: 'There is no poll yet. Key holders can make one.',
        view: (pollId, list, signal) => new PollView(pollId, list, signal),
      },
      place,
      signal,
    ),
};

const newPoll = () =>
  openNewPollDialog(({ pollId }) => {
    location.hash = pollHref(pollId);
  });
