import { html } from '../packages.js';
import { changeFlag } from './flags.js';
import { stateInWords } from './words.js';

/**
 * @import { Flag } from '../../../../domain/flags/flag.ts'
 * @import { Action } from '../action.js'
 * @import { FlagSet } from './flags.js'
 */

/**
 * Turns a flag on and off with one press: off, programs go by the default in their code.
 *
 * @param {FlagSet} set
 * @param {Flag} flag
 * @param {object} parts
 * @param {boolean} parts.mayChange it is a word otherwise
 * @param {Action} parts.action
 * @param {(set: FlagSet) => void} parts.onChange
 */
export function stateSwitch(set, flag, { mayChange, action, onChange }) {
  const isOn = flag.state === 'ENABLED';
  if (!mayChange) return html`<span class="state" data-on=${isOn}>${stateInWords(flag)}</span>`;
  const turn = () =>
    void action.run({
      meanwhile: `Turning ${flag.key} ${isOn ? 'off' : 'on'}…`,
      act: () => {
        const { key, ...definition } = flag;
        return changeFlag(set, key, { put: { ...definition, state: isOn ? 'DISABLED' : 'ENABLED' } });
      },
      report: (changed) => {
        onChange(changed);
        return `${flag.key} is ${isOn ? 'off: the default in the code counts' : 'on'}.`;
      },
    });
  return html`
    <button class="switch" type="button" role="switch" aria-checked=${isOn} aria-label="${flag.key}" @click=${turn}>
      <span class="switch-track" aria-hidden="true"><span class="switch-thumb"></span></span><span aria-hidden="true">${stateInWords(flag)}</span>
    </button>`;
}
