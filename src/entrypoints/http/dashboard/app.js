import { apiKey } from './api-key.js';
import { openKeyDialog } from './api-key-dialog.js';
import { byId, element } from './dom.js';
import { pages } from './pages.js';

/** @import { Page, PageView } from './pages.js' */

/**
 * Says on the page that it has a fault; the console says where. Whoever looks at figures must know that they may stand still.
 *
 * @param {unknown} reason
 */
function showFault(reason) {
  const words = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  const text = `This page has a fault, and what it shows may be incomplete or old. Reload it to go on. (${words})`;
  for (const old of document.querySelectorAll('.fault')) old.remove();
  // A modal dialog lies over everything else.
  for (const place of document.querySelectorAll('body, dialog'))
    place.append(element('p', { class: 'fault', role: 'alert' }, text));
}
addEventListener('error', ({ error, message }) => showFault(error ?? message));
addEventListener('unhandledrejection', ({ reason }) => showFault(reason));

const content = byId('content');

/** @type {{ page: Page, view: PageView, end: AbortController } | undefined} */
let shown;

const links = new Map(
  pages.map((page) => [page.name, element('a', { class: 'page-link', href: `#/${page.name}` }, page.title)]),
);
byId('pages').append(...[...links.values()].map((link) => element('li', {}, link)));

/** Shows what the address names: `#/<page>/<path>`. */
function route() {
  const [, name, path = ''] = /^#\/([^/]+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  const page = pages.find((candidate) => candidate.name === name) ?? pages[0];
  if (shown?.page !== page) {
    shown?.end.abort();
    content.replaceChildren();
    const end = new AbortController();
    document.title = `${page.title} – Portside`;
    shown = { page, view: page.mount(content, end.signal), end };
    for (const [linked, link] of links) {
      if (linked === page.name) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }
  shown.view.show(path);
}

document.querySelector('.skip-link')?.addEventListener('click', (event) => {
  // The address names the page, so the link moves the focus without changing it.
  event.preventDefault();
  content.focus();
});

const keyButton = byId('key');
const labelKeyButton = () => {
  keyButton.textContent = apiKey.get() === undefined ? 'API key' : 'Key holder';
};
keyButton.addEventListener('click', openKeyDialog);
apiKey.onChange(labelKeyButton);
labelKeyButton();

addEventListener('hashchange', route);
route();
