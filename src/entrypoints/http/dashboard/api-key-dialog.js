import { apiKey } from './api-key.js';
import { openDialog } from './dialog.js';
import { html, nothing } from './packages.js';

/** Asks for the API key, or offers to forget it. */
export function openKeyDialog() {
  const current = apiKey.value;
  openDialog('API key', (close) => {
    /** @param {string} [key] */
    const set = (key) => {
      // The same key again is a change too: what gave up with it begins anew.
      apiKey.value = undefined;
      apiKey.value = key;
      close();
    };
    const save = (/** @type {Event & { target: HTMLFormElement }} */ { target }) =>
      set(String(new FormData(target).get('key')).trim());
    return () => html`
      <form method="dialog" @submit=${save}>
        <label for="api-key">Key</label>
        <input id="api-key" name="key" type="password" required autocomplete="off" spellcheck="false"
          pattern="\\s*[!-~]{16,128}\\s*" title="A key has 16 to 128 characters without spaces."
          aria-describedby="api-key-hint" .value=${current ?? ''} />
        <p class="hint" id="api-key-hint">With a key you can change polls and stocks, and see and change queues. It is
          kept in this tab until you close it.</p>
        <div class="actions">
          <button class="primary" type="submit">Use this key</button>
          ${current === undefined ? nothing : html`<button type="button" @click=${() => set()}>Forget the key</button>`}
          <button type="button" @click=${close}>Cancel</button>
        </div>
      </form>`;
  });
}
