import { keyedPage } from '../keyed-page.js';
import { splitPage } from '../split-page.js';
import { openNewLimit } from './limit-dialogs.js';
import { limitInWords, limitView } from './limit-view.js';
import { listLimits } from './limits.js';

/**
 * @import { Choices } from '../side-list.js'
 * @import { Limit } from './limits.js'
 */

/** @param {string} policyId */
const hrefOf = (policyId) => `#/limits/${policyId}`;

/** @type {Choices<Limit>} */
const choices = {
  title: 'Limits',
  more: 'More limits',
  load: listLimits,
  count: () => '',
  sections: (limits) => [{ items: limits }],
  link: (limit) => ({
    href: hrefOf(limit.policyId),
    title: limit.policyId,
    facts: [...(limit.mode === 'shadow' ? ['shadow'] : []), ...limitInWords(limit)],
  }),
};

/** The limits, and the one that is chosen: `#/limits/<policyId>`. */
export const limitsPage = keyedPage({
  name: 'limits',
  title: 'Limits',
  withoutKey: 'Limits are shown to key holders. Whoever runs the service has the keys.',
  mount: (place, until) =>
    splitPage(
      {
        name: 'limits',
        title: 'Limits',
        choices,
        add: {
          label: 'New limit',
          click: () =>
            openNewLimit(({ policyId }) => {
              location.hash = hrefOf(policyId);
            }),
        },
        first: ([limit]) => limit?.policyId,
        empty: 'There is no limit yet. Make one, and have your services ask it before they do something.',
        open: (path, list, until) => limitView(path.split('/', 1)[0] ?? '', list, until),
      },
      place,
      until,
    ),
});
