import { keyedPage } from '../keyed-page.js';
import { splitPage } from '../split-page.js';
import { viewer } from '../viewer.js';
import { listPolicies } from './policies.js';
import { openNewPolicy } from './policy-dialogs.js';
import { hrefOf, policyView } from './policy-view.js';

/**
 * @import { Choices } from '../side-list.js'
 * @import { Policy } from './policies.js'
 */

/** @param {number} count */
const statementsOf = (count) => `${count} ${count === 1 ? 'statement' : 'statements'}`;

/** @type {Choices<Policy>} */
const choices = {
  title: 'Policies',
  more: 'More policies',
  load: listPolicies,
  count: (policies) => String(policies.length),
  sections: (policies) => [{ items: policies }],
  link: ({ subject, allow, deny }) => ({
    href: hrefOf(subject),
    title: subject,
    facts: [statementsOf(allow.length + deny.length), ...(deny.length > 0 ? [`${deny.length} denied`] : [])],
  }),
};

const newPolicy = () =>
  openNewPolicy('', ({ subject }) => {
    location.hash = hrefOf(subject);
  });

/** The policies, and the one of the subject that is chosen: `#/access/<subject>`. */
export const accessPage = keyedPage({
  name: 'access',
  title: 'Access',
  withoutKey: 'What keys and tokens may do is shown to key holders. Whoever runs the service has the keys.',
  mount: (place, until) =>
    splitPage(
      {
        name: 'access',
        title: 'Access',
        choices,
        add: { label: 'New policy', click: newPolicy },
        // The viewer knows best who that is.
        first: () =>
          viewer.value?.subjects[0] === undefined ? undefined : encodeURIComponent(viewer.value.subjects[0]),
        empty: 'There is no policy yet: every key may do everything, and no token anything.',
        open: (path, list, until) => policyView(decoded(path), () => void list.pages.refresh(), until),
      },
      place,
      until,
    ),
});

/** @param {string} part of the address, as somebody may have typed it */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
