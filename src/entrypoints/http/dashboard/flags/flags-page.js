import { keyedPage } from '../keyed-page.js';
import { may } from '../rights.js';
import { splitPage } from '../split-page.js';
import { flagSetView } from './flag-set-view.js';
import { flagView } from './flag-view.js';
import { listFlagSets } from './flags.js';
import { hrefOf, NEW } from './hrefs.js';
import { openNewSet } from './set-dialogs.js';

/**
 * @import { Choices } from '../side-list.js'
 * @import { FlagSetSummary } from './flags.js'
 */

/** @type {Choices<FlagSetSummary>} */
const choices = {
  title: 'Flag sets',
  more: 'More sets',
  load: listFlagSets,
  count: (sets) => String(sets.length),
  sections: (sets) => [{ items: sets }],
  link: ({ setId, title }) => ({ href: hrefOf(setId), title: setId, facts: title === undefined ? [] : [title] }),
};

/** The sets of feature flags, the one that is chosen (`#/flags/<set>`), and one of its flags (`#/flags/<set>/<key>`). */
export const flagsPage = keyedPage({
  name: 'flags',
  title: 'Flags',
  withoutKey: 'Feature flags are shown to key holders. Whoever runs the service has the keys.',
  mount: (place, until) =>
    splitPage(
      {
        name: 'flags',
        title: 'Flags',
        choices,
        add: {
          label: 'New flag set',
          isAllowed: () => may('POST', 'flag-sets'),
          click: () =>
            openNewSet(({ setId }) => {
              location.hash = hrefOf(setId);
            }),
        },
        first: ([set]) => set?.setId,
        empty: 'There is no flag set yet. Make one, such as “web” for the flags of your website.',
        open: (path, list, until) => {
          const [setId = '', key] = path.split('/', 2);
          if (key === undefined || key === '') return flagSetView(setId, list, until);
          return flagView(setId, key === NEW ? undefined : key, until);
        },
      },
      place,
      until,
    ),
});
