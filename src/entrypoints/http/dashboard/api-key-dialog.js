import { apiKey } from './api-key.js';
import { openDialog } from './dialog.js';
import { element } from './dom.js';

/** Asks for the API key, or offers to forget it. */
export function openKeyDialog() {
  const current = apiKey.get();
  openDialog('API key', (close) => {
    const input = element('input', {
      id: 'api-key',
      type: 'password',
      required: true,
      autocomplete: 'off',
      spellcheck: 'false',
      pattern: '\\s*[!-~]{16,128}\\s*',
      title: 'A key has 16 to 128 characters without spaces.',
      value: current,
      'aria-describedby': 'api-key-hint',
    });
    const save = () => {
      apiKey.set(input.value.trim());
      close();
    };
    const forget = () => {
      apiKey.set(undefined);
      close();
    };
    return element(
      'form',
      { method: 'dialog', submit: save },
      element('label', { for: 'api-key' }, 'Key'),
      input,
      element(
        'p',
        { class: 'hint', id: 'api-key-hint' },
        'With a key you can change polls and stocks, and see and change queues. It is kept in this tab until you close it.',
      ),
      element(
        'div',
        { class: 'actions' },
        element('button', { class: 'primary', type: 'submit' }, 'Use this key'),
        ...(current === undefined ? [] : [element('button', { type: 'button', click: forget }, 'Forget the key')]),
        element('button', { type: 'button', click: close }, 'Cancel'),
      ),
    );
  });
}
