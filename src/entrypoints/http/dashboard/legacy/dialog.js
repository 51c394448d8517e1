import { putInFront } from '../dialog.js';
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
