import { fieldView, WHOLE } from '../form.js';
import { formatCount } from '../format.js';
import { html, signal } from '../packages.js';
import { apart } from '../view.js';
import { evenly, simulate } from './simulation.js';

/** @import { Limit } from './limits.js' */

const COUNT = 100;

/**
 * Shows which of a hundred requests a rate lets pass. Nothing is sent.
 *
 * @param {NonNullable<Limit['rate']>} rate to begin with
 */
export function simulator(rate) {
  const values = signal(
    /** @type {Record<string, string>} */ ({
      requests: String(rate.requests),
      perSeconds: String(rate.perSeconds),
      burst: String(rate.burst),
      seconds: '10',
    }),
  );
  const initial = values.value;
  const change = (/** @type {Event & { target: HTMLInputElement }} */ { target: { name, value } }) => {
    values.value = { ...values.value, [name.replace('simulated-', '')]: value };
  };
  const field = (/** @type {string} */ name, /** @type {string} */ label) =>
    fieldView({ ...WHOLE, name: `simulated-${name}`, label, value: initial[name] ?? '' });
  return () => html`
    <section class="simulator" aria-labelledby="simulator-title">
      <h3 id="simulator-title">Try a rate</h3>
      <p class="hint">${COUNT} requests of one key, evenly spaced. Nothing is sent or changed.</p>
      <form @input=${change} @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
        <div class="pair">${field('requests', 'Requests')}${field('perSeconds', 'Per seconds')}</div>
        <div class="pair">${field('burst', 'Burst')}${field('seconds', 'Arriving within seconds')}</div>
      </form>
      ${apart(() => outcome(values.value))}
    </section>`;
}

/** @param {Record<string, string>} values */
function outcome(values) {
  const [requests = 0, perSeconds = 0, burst = 0, seconds = 0] = ['requests', 'perSeconds', 'burst', 'seconds'].map(
    (name) => (/^\s*\d{1,6}\s*$/.test(values[name] ?? '') ? Number(values[name]) : 0),
  );
  if (requests < 1 || perSeconds < 1 || burst < 1) return html`<p role="status">Fill in whole numbers from 1.</p>`;
  const passes = simulate({ requests, perSeconds, burst }, evenly(COUNT, seconds));
  const passed = passes.filter(Boolean).length;
  const first = passes.indexOf(false);
  return html`
    <p role="status">
      <strong>${formatCount(passed)} of ${COUNT} pass</strong>${first < 0 ? '.' : `; the first refused is number ${first + 1}.`}
    </p>
    <div class="passes" aria-hidden="true">${passes.map((isPassed) => html`<span class=${isPassed ? 'pass is-passed' : 'pass is-refused'}></span>`)}</div>
    <p class="hint" aria-hidden="true"><span class="passes-key is-passed"></span> passes <span class="passes-key is-refused"></span> is refused</p>`;
}
