import { apiKey } from './api-key.js';
import { openKeyDialog } from './api-key-dialog.js';
import { html, nothing, signal } from './packages.js';
import { pages } from './pages.js';
import { byId, react, show } from './view.js';
import { nameOf, viewer } from './viewer.js';

/** @import { Page, PageView } from './pages.js' */

/**
 * Says on the page that it has a fault; the console says where. Whoever looks at figures must know that they may stand still.
 *
 * @param {unknown} reason
 */
function showFault(reason) {
  const words = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  for (const old of document.querySelectorAll('.fault')) old.remove();
  // A modal dialog lies over everything else.
  for (const place of document.querySelectorAll('body, dialog')) {
    // Made by hand, since the fault may be one of the views.
    const note = document.createElement('p');
    note.className = 'fault';
    note.setAttribute('role', 'alert');
    note.textContent = `This page has a fault, and what it shows may be incomplete or old. Reload it to go on. (${words})`;
    place.append(note);
  }
}
addEventListener('error', ({ error, message }) => showFault(error ?? message));
addEventListener('unhandledrejection', ({ reason }) => showFault(reason));

const content = byId('content');
const current = signal(/** @type {Page} */ (pages[0]));

/** @type {{ page: Page, view: PageView, end: AbortController } | undefined} */
let shown;

/** Shows what the address names: `#/<page>/<path>`. */
function route() {
  const [, name, path = ''] = /^#\/([^/]+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  const page = pages.find((candidate) => candidate.name === name) ?? pages[0];
  current.value = page;
  if (shown?.page !== page) {
    shown?.end.abort();
    const place = document.createElement('div');
    content.replaceChildren(place);
    const end = new AbortController();
    document.title = `${page.title} – Portside`;
    shown = { page, view: page.mount(place, end.signal), end };
    // On a phone the links may be wider than the screen.
    byId('pages').querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
  shown.view.show(path);
}

show(
  () =>
    html`${pages.map(
      ({ name, title }) => html`
        <li><a class="page-link" href="#/${name}" aria-current=${name === current.value.name ? 'page' : nothing}>${title}</a></li>`,
    )}`,
  byId('pages'),
);

document.querySelector('.skip-link')?.addEventListener('click', (event) => {
  // The address names the page, so the link moves the focus without changing it.
  event.preventDefault();
  content.focus();
});

const keyButton = byId('key');
keyButton.addEventListener('click', openKeyDialog);
react(() => {
  const name = viewer.value && nameOf(viewer.value);
  keyButton.textContent = apiKey.value === undefined ? 'API key' : (name ?? 'Key holder');
  if (name === undefined) keyButton.removeAttribute('aria-label');
  else keyButton.setAttribute('aria-label', `Key holder: ${name}`);
});

addEventListener('hashchange', route);
route();
