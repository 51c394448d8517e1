import { apiKey } from './api-key.js';
import { openDialog } from './dialog.js';
import { batch, html, nothing, signal } from './packages.js';
import { problemNote } from './problem-note.js';
import { Problem } from './service.js';
import { isolated } from './text.js';
import { nameOf, viewer, viewerOf } from './viewer.js';

/** @import { Viewer } from './viewer.js' */

/** Asks for an API key or a token and tries it, or offers to forget the one that is there. */
export function openKeyDialog() {
  const current = apiKey.value;
  const holder = viewer.value;
  const isTrying = signal(false);
  const problem = signal(/** @type {Problem | undefined} */ (undefined));
  openDialog('API key', (close) => {
    /**
     * @param {string} [key]
     * @param {Viewer} [found] whose it is
     */
    const set = (key, found) => {
      // The same key again is a change too: what gave up with it begins anew.
      apiKey.value = undefined;
      batch(() => {
        viewer.value = found;
        apiKey.value = key;
      });
      close();
    };
    const attempt = async (/** @type {Event & { currentTarget: HTMLFormElement }} */ event) => {
      event.preventDefault();
      const form = event.currentTarget;
      if (isTrying.value) return;
      isTrying.value = true;
      problem.value = undefined;
      const key = String(new FormData(form).get('key')).trim();
      try {
        const found = await viewerOf(key);
        // Somebody may have closed the dialog meanwhile.
        if (form.isConnected) set(key, found);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        problem.value = error.status === 401 ? new Problem(error.message) : error;
        form.querySelector('input')?.focus();
      } finally {
        isTrying.value = false;
      }
    };
    const isWrong = () => (problem.value ? 'true' : nothing);
    return () => html`
      <form @submit=${attempt}>
        ${holder ? html`<p class="note">This is the key of <strong>${isolated(nameOf(holder))}</strong>.</p>` : nothing}
        <label for="api-key">Key</label>
        <input id="api-key" name="key" type="password" required autocomplete="off" spellcheck="false"
          pattern="\\s*[!-~]{16,8192}\\s*" title="A key has 16 to 128 characters without spaces, and a token may be longer."
          aria-invalid=${isWrong()} aria-describedby="api-key-hint" .value=${current ?? ''} />
        <p class="hint" id="api-key-hint">An API key, or a bearer token. It decides what you can do here.
          It is kept in this tab until you close it.</p>
        <p class="hint" role="status">${isTrying.value ? 'Trying the key…' : nothing}</p>
        <div>${problem.value ? problemNote(problem.value) : nothing}</div>
        <div class="actions">
          <button class="primary" type="submit">Use this key</button>
          ${current === undefined ? nothing : html`<button type="button" @click=${() => set()}>Forget the key</button>`}
          <button type="button" @click=${close}>Cancel</button>
        </div>
      </form>`;
  });
}
