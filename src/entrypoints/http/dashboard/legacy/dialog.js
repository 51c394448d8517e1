import { element } from './dom.js';

/**
 * Opens a modal dialog. When it closes, the focus goes back to where it was.
 *
 * @param {string} title
 * @param {(close: () => void) => HTMLElement} build makes what stands under the title
 * @param {() => void} [onClose] called however it closes
 */
export function openDialog(title, build, onClose) {
  const dialog = element('dialog', {
    'aria-labelledby': 'dialog-title',
    close: () => {
      dialog.remove();
      onClose?.();
    },
  });
  dialog.append(
    element('h2', { class: 'dialog-title', id: 'dialog-title' }, title),
    build(() => dialog.close()),
  );
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

/**
 * Asks before something that cannot be undone.
 *
 * @param {{ title: string, text: string, action: string, cancelLabel: string }} words
 * @returns {Promise<boolean>} whether to go on
 */
export const confirmed = ({ title, text, action, cancelLabel }) =>
  new Promise((resolve) => {
    const build = (/** @type {() => void} */ close) => {
      const goOn = () => {
        resolve(true);
        close();
      };
      return element(
        'div',
        {},
        element('p', {}, text),
        element(
          'div',
          { class: 'actions' },
          element('button', { class: 'danger', type: 'button', click: goOn }, action),
          element('button', { type: 'button', click: close, autofocus: true }, cancelLabel),
        ),
      );
    };
    openDialog(title, build, () => resolve(false));
  });
