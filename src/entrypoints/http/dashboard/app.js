import { apiKey } from './api-key.js';
import { openKeyDialog } from './api-key-dialog.js';
import { byId, element } from './dom.js';
import { pages } from './pages.js';

/** @import { Page, PageView } from './pages.js' */

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
