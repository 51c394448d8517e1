import { html } from '../packages.js';
import { isolated } from '../text.js';

const WORDS = { '+': 'Now: ', '−': 'Before: ', '·': '' };

/**
 * What differs, line by line.
 *
 * @param {readonly { sign: '+' | '−' | '·', text: string }[]} lines
 */
export const diffView = (lines) =>
  lines.length === 0
    ? html`<p class="hint">Nothing differs.</p>`
    : html`
      <ul class="diff">${lines.map(
        ({ sign, text }) => html`
          <li class=${sign === '+' ? 'is-added' : sign === '−' ? 'is-removed' : 'is-said'}><span class="sign" aria-hidden="true">${sign}</span><span class="visually-hidden">${WORDS[sign]}</span><span>${isolated(text)}</span></li>`,
      )}</ul>`;
