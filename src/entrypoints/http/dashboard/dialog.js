import { html } from './packages.js';
import { show } from './view.js';

/** @import { Html } from './packages.js' */

/**
 * Opens a modal dialog. When it closes, the focus goes back to where it was.
 *
 * @param {string} title
 * @param {(close: () => void) => () => Html} begin makes the view of what stands under the title
 * @param {() => void} [onClose] called however it closes
 */
export function openDialog(title, begin, onClose) {
  const dialog = document.createElement('dialog');
  const ending = new AbortController();
  dialog.setAttribute('aria-labelledby', 'dialog-title');
  dialog.addEventListener('close', () => {
    ending.abort();
    dialog.remove();
    onClose?.();
  });
  const view = begin(() => dialog.close());
  show(() => html`<h2 class="dialog-title" id="dialog-title">${title}</h2>${view()}`, dialog, ending.signal);
  putInFront(dialog);
}

/**
 * Asks before something that cannot be undone.
 *
 * @param {{ title: string, text: string, action: string, cancelLabel: string }} words
 * @returns {Promise<boolean>} whether to go on
 */
export const confirmed = ({ title, text, action, cancelLabel }) =>
  new Promise((resolve) => {
    const begin = (/** @type {() => void} */ close) => {
      const goOn = () => {
        resolve(true);
        close();
      };
      return () => html`
        <div>
          <p>${text}</p>
          <div class="actions">
            <button class="danger" type="button" @click=${goOn}>${action}</button>
            <button type="button" autofocus @click=${close}>${cancelLabel}</button>
          </div>
        </div>`;
    };
    openDialog(title, begin, () => resolve(false));
  });

/**
 * Shows a dialog in front of the page, which can do nothing while it is there.
 *
 * @param {HTMLDialogElement} dialog
 */
function putInFront(dialog) {
  document.body.append(dialog);
  if (typeof dialog.showModal === 'function') dialog.showModal();
  else standAlone(dialog);
}

/**
 * For browsers that know no dialogs, such as Safari before 15.4: the rest of the page is hidden while it is there.
 *
 * @param {HTMLDialogElement} dialog
 */
function standAlone(dialog) {
  const before = document.activeElement;
  const rest = [...document.body.children].filter(
    (part) => part instanceof HTMLElement && part !== dialog && !part.hidden,
  );
  const hideRest = (/** @type {boolean} */ isHidden) => {
    for (const part of rest) part.toggleAttribute('hidden', isHidden);
  };
  dialog.classList.add('is-alone');
  dialog.setAttribute('role', 'dialog');
  dialog.setAttribute('aria-modal', 'true');
  dialog.close = () => {
    hideRest(false);
    dialog.dispatchEvent(new Event('close'));
    if (before instanceof HTMLElement) before.focus();
  };
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') dialog.close();
  });
  // A form with method "dialog" would be sent to the address of the page.
  dialog.addEventListener('submit', (event) => event.preventDefault());
  hideRest(true);
  const first = dialog.querySelector('[autofocus], input, textarea, button');
  if (first instanceof HTMLElement) first.focus();
}
