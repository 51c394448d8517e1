import { formatMoment } from '../format.js';
import { html, nothing, repeat } from '../packages.js';
import { problemNote } from '../problem-note.js';
import { Problem } from '../service.js';
import { focusOn } from '../view.js';
import { diffView } from './diff-view.js';
import { linesOf, newCondition, newId, newRule, newVariants, VALUE_FORMS } from './draft.js';
import { instantIn } from './evaluation.js';
import { rolloutPreview } from './rollout-preview.js';
import { differences, OPERATORS, percent, SINGLE } from './words.js';

/**
 * @import { FlagType } from '../../../../domain/flags/flag.ts'
 * @import { Content, Html } from '../packages.js'
 * @import { ConditionDraft, Kind, RuleDraft, VariantDraft } from './draft.js'
 * @import { FlagEditor } from './editor.js'
 * @import { FlagSet } from './flags.js'
 *
 * @typedef {Event & { target: HTMLInputElement }} Input
 */

/** @type {readonly (readonly [FlagType, string])[]} */
const TYPES = [
  ['boolean', 'Yes or no (boolean)'],
  ['string', 'Text (string)'],
  ['number', 'Number'],
  ['object', 'Object (JSON)'],
];
/** @type {readonly (readonly [Kind, string])[]} */
const KINDS = [
  ['text', 'Texts'],
  ['number', 'Numbers'],
  ['boolean', 'True or false'],
  ['json', 'In JSON'],
];
/** Operators that look at the type of a value. */
const TYPED = ['in', 'notIn', 'contains'];

/**
 * The fields of a flag. They can be used by keyboard alone, and what is wrong stands at the part that it is about.
 *
 * @param {FlagEditor} editor
 * @param {FlagSet} set as it is now
 * @param {{ save: () => void, leave: () => void, takeTheirs: () => void }} ways out
 * @returns {Html}
 */
export function editorView(editor, set, { save, leave, takeTheirs }) {
  const draft = editor.shown;
  const { theirs, problem, errors } = editor;
  const names = draft.variants.map(({ name }) => name.trim()).filter((name) => name !== '');
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    save();
  };
  const retype = (/** @type {Input} */ { target: { value } }) =>
    editor.edit((draft) => {
      draft.type = /** @type {FlagType} */ (value);
      if (!editor.isNew) return;
      draft.variants = newVariants(draft.type);
      draft.defaultVariant = draft.variants[draft.type === 'boolean' ? 1 : 0]?.name ?? '';
      for (const rule of draft.rules) rule.serve = draft.defaultVariant;
    });
  return html`
    <form class="flag-editor" novalidate @submit=${submit}>
      ${editor.isResumed ? html`<p class="note">What you typed is still here. “Discard” throws it away.</p>` : nothing}
      ${
        editor.isNew
          ? field(editor, 'flag-key', 'Key', {
              value: draft.key,
              input: (value) => editor.change(draft, { key: value }),
              hint: 'By which programs ask for it. It cannot be changed later.',
            })
          : nothing
      }
      <div class="pair">
        ${select(editor, 'type', 'Type', TYPES, draft.type, retype)}
        ${select(
          editor,
          'state',
          'State',
          [
            ['on', 'On: the rules count'],
            ['off', 'Off: the default in the code counts'],
          ],
          draft.isOn ? 'on' : 'off',
          ({ target }) => editor.change(draft, { isOn: target.value === 'on' }),
        )}
      </div>
      ${field(editor, 'description', 'Description', {
        value: draft.description,
        input: (value) => editor.change(draft, { description: value }),
        hint: 'What it is for.',
      })}
      ${variantsView(editor)}
      <section class="rules" aria-labelledby="rules-title">
        <h3 id="rules-title">Rules</h3>
        <p class="hint">The first of which all conditions hold counts.</p>
        <ol class="rule-list">${repeat(
          draft.rules,
          ({ id }) => id,
          (rule, index) => ruleView(editor, set, rule, index, names),
        )}</ol>
        <button type="button" id="add-rule" @click=${() => {
          const rule = newRule(names[0] ?? '');
          editor.edit((draft) => void draft.rules.push(rule), `Rule ${draft.rules.length + 1} is added.`);
          focusOn(`#${rule.conditions[0]?.id}-of`);
        }}>Add a rule</button>
        <div class="otherwise">
          ${select(
            editor,
            'defaultVariant',
            'Otherwise',
            variantOptions(names, draft.defaultVariant),
            draft.defaultVariant,
            ({ target }) => editor.change(draft, { defaultVariant: target.value }),
          )}
        </div>
      </section>
      ${field(editor, 'reason', 'Why', {
        value: editor.reason,
        input: (value) =>
          editor.edit(() => {
            editor.reason = value;
          }),
        hint: 'For the history. You may leave it empty.',
      })}
      <p class="visually-hidden" role="status">${editor.said.value}</p>
      <p class="hint" role="status">${editor.isSaving.value ? 'Saving…' : nothing}</p>
      <div>${theirs.value ? conflictView(editor, takeTheirs) : nothing}</div>
      <div>${problem.value || errors.value.length > 0 ? problemNote(summary(editor)) : nothing}</div>
      <div class="actions sticky">
        <button class="primary" type="submit">${editor.isNew ? 'Make the flag' : 'Save'}</button>
        <button type="button" @click=${leave}>${editor.isChanged ? 'Discard' : 'Cancel'}</button>
      </div>
    </form>`;
}

/** What is said of the flag as a whole. @param {FlagEditor} editor */
function summary({ problem, errors, draft }) {
  const shown = new Set(['flag-key', 'type', 'state', 'description', 'defaultVariant', 'reason', 'rules', 'variants']);
  for (const { id } of draft.variants) shown.add(id);
  for (const { id, conditions, shares } of draft.rules)
    for (const part of [id, ...conditions.map(({ id }) => id), ...shares.map(({ id }) => id)]) shown.add(part);
  const elsewhere = errors.value.filter(({ at }) => !shown.has(at.split('.', 1)[0] ?? ''));
  if (errors.value.length === 0 && problem.value) return problem.value;
  return new Problem('The flag cannot be like this. See what is said at the fields.', {
    errors: elsewhere.map(({ at, message }) => ({ path: at, message })),
  });
}

/**
 * @param {FlagEditor} editor
 * @param {() => void} takeTheirs
 */
function conflictView(editor, takeTheirs) {
  const { before, now } = editor.theirs.value ?? {};
  return html`
    <div class="problem" role="alert">
      <p>Somebody else has changed this flag while you were at it. Nothing of yours is saved yet, and nothing is lost. Their change:</p>
      ${diffView(differences(before, now))}
      <p>If you save now, what you typed takes the place of theirs.</p>
      <div class="actions">
        <button type="button" @click=${() => {
          editor.goOn();
          focusOn('.flag-editor [type=submit]');
        }}>Go on with mine</button>
        <button type="button" @click=${takeTheirs}>Take theirs, discard mine</button>
      </div>
    </div>`;
}

/** @param {FlagEditor} editor */
function variantsView(editor) {
  const draft = editor.shown;
  const rename = (/** @type {VariantDraft} */ variant, /** @type {string} */ name) =>
    editor.edit((draft) => {
      const old = variant.name;
      variant.name = name;
      if (old === '' || draft.variants.some((other) => other !== variant && other.name === old)) return;
      // Whatever names the variant goes on to do so.
      if (draft.defaultVariant === old) draft.defaultVariant = name;
      for (const rule of draft.rules) {
        if (rule.serve === old) rule.serve = name;
        for (const share of rule.shares) if (share.variant === old) share.variant = name;
      }
    });
  return html`
    <section aria-labelledby="variants-title">
      <h3 id="variants-title">Variants</h3>
      <p class="hint">Names, and the values that programs get: ${VALUE_FORMS[draft.type]}.</p>
      <ul class="variant-list">${repeat(
        draft.variants,
        ({ id }) => id,
        (variant, index) => {
          const label = `of variant ${index + 1}`;
          const { id } = variant;
          const described = describedBy(editor, `${id}.value`);
          const change = (/** @type {Input} */ { target }) => editor.change(variant, { value: target.value });
          return html`
            <li class="variant">
              <input aria-label="Name ${label}" .value=${variant.name} autocomplete="off" autocapitalize="none" spellcheck="false"
                id="${id}-name" @input=${(/** @type {Input} */ { target }) => rename(variant, target.value)} />
              ${
                draft.type === 'boolean'
                  ? html`<select aria-label="Value ${label}" id="${id}-value" @change=${change} aria-invalid=${described === nothing ? nothing : 'true'} aria-describedby=${described}>
                      ${['true', 'false', ...(['true', 'false'].includes(variant.value) ? [] : [variant.value])].map((value) => html`<option value=${value} ?selected=${value === variant.value}>${value}</option>`)}
                    </select>`
                  : html`<textarea aria-label="Value ${label}" id="${id}-value" rows=${Math.min(6, variant.value.split('\n').length)} .value=${variant.value}
                      spellcheck="false" @input=${change} aria-invalid=${described === nothing ? nothing : 'true'} aria-describedby=${described}></textarea>`
              }
              <button class="quiet" type="button" aria-label="Remove variant ${variant.name || index + 1}" ?disabled=${draft.variants.length < 2}
                @click=${() => {
                  editor.edit((draft) => void draft.variants.splice(index, 1), `Variant ${variant.name} is removed.`);
                  focusOn('#add-variant');
                }}>Remove</button>
              ${errorsAt(editor, `${id}.value`)}
            </li>`;
        },
      )}</ul>
      <button type="button" id="add-variant" @click=${() => {
        const id = newId();
        editor.edit(
          (draft) => void draft.variants.push({ id, name: '', value: draft.type === 'boolean' ? 'true' : '' }),
        );
        focusOn(`#${id}-name`);
      }}>Add a variant</button>
      ${errorsAt(editor, 'variants')}
    </section>`;
}

/**
 * @param {FlagEditor} editor
 * @param {FlagSet} set
 * @param {RuleDraft} rule
 * @param {number} index
 * @param {readonly string[]} names of the variants
 */
function ruleView(editor, set, rule, index, names) {
  const { rules } = editor.draft;
  const move = (/** @type {number} */ to) => {
    editor.edit(
      (draft) => {
        draft.rules.splice(index, 1);
        draft.rules.splice(to, 0, rule);
      },
      `Rule ${index + 1} is rule ${to + 1} now.`,
    );
    const way = to < index ? 'up' : 'down';
    // At the end of the list there is no further in that direction.
    const isEnd = to === 0 || to === rules.length - 1;
    focusOn(`#${rule.id}-${isEnd ? (way === 'up' ? 'down' : 'up') : way}`);
  };
  const add = () => {
    const condition = newCondition();
    editor.edit(() => void rule.conditions.push(condition));
    focusOn(`#${condition.id}-of`);
  };
  return html`
    <li><div class="rule" role="group" aria-labelledby="${rule.id}-title">
      <div class="rule-head">
        <h4 id="${rule.id}-title">Rule ${index + 1}</h4>
        <div class="rule-hands">
          <button class="quiet" type="button" id="${rule.id}-up" ?disabled=${index === 0} aria-label="Move rule ${index + 1} up" @click=${() => move(index - 1)}>↑</button>
          <button class="quiet" type="button" id="${rule.id}-down" ?disabled=${index === rules.length - 1} aria-label="Move rule ${index + 1} down" @click=${() => move(index + 1)}>↓</button>
          <button class="quiet" type="button" aria-label="Remove rule ${index + 1}" @click=${() => {
            editor.edit((draft) => void draft.rules.splice(index, 1), `Rule ${index + 1} is removed.`);
            focusOn('#add-rule');
          }}>Remove</button>
        </div>
      </div>
      ${rule.conditions.length === 0 ? html`<p>For everybody</p>` : nothing}
      <ul class="conditions">${repeat(
        rule.conditions,
        ({ id }) => id,
        (condition, place) => conditionView(editor, set, rule, condition, place),
      )}</ul>
      <button class="quiet" type="button" @click=${add}>${rule.conditions.length === 0 ? 'Add a condition' : 'And…'}</button>
      ${serveView(editor, rule, index, names)}
    </div></li>`;
}

/**
 * @param {FlagEditor} editor
 * @param {FlagSet} set
 * @param {RuleDraft} rule
 * @param {ConditionDraft} condition
 * @param {number} index
 */
function conditionView(editor, set, rule, condition, index) {
  const { id, of, op } = condition;
  const change = (/** @type {Partial<ConditionDraft>} */ part) => editor.change(condition, part);
  const subject = select(
    editor,
    `${id}.of`,
    index === 0 ? 'Where' : 'And',
    [
      ['attribute', 'attribute'],
      ['now', 'time'],
      ['flag', 'flag'],
    ],
    of,
    ({ target: { value } }) =>
      change({
        of: /** @type {ConditionDraft['of']} */ (value),
        attribute: '',
        values: '',
        op: value === 'now' ? 'after' : 'in',
        kind: 'text',
      }),
  );
  const operators =
    of === 'now'
      ? [
          ['before', 'is before'],
          ['after', 'is at or after'],
        ]
      : OPERATORS;
  const keys = set.flags.map(({ key }) => key).filter((key) => key !== editor.draft.key);
  return html`
    <li class="condition">
      ${subject}
      ${
        of === 'attribute'
          ? field(editor, `${id}.attribute`, 'Attribute', {
              value: condition.attribute,
              input: (attribute) => change({ attribute }),
              placeholder: 'country',
            })
          : nothing
      }
      ${
        of === 'flag'
          ? select(
              editor,
              `${id}.attribute`,
              'Flag',
              [['', 'Choose…'], ...optionsWith(keys, condition.attribute)],
              condition.attribute,
              ({ target }) => change({ attribute: target.value, values: '' }),
            )
          : select(editor, `${id}.op`, 'Comparison', /** @type {any} */ (operators), op, ({ target }) =>
              change({ op: /** @type {ConditionDraft['op']} */ (target.value) }),
            )
      }
      ${of === 'flag' ? neededVariants(editor, set, condition, change) : valuesView(editor, condition, change)}
      <button class="quiet" type="button" aria-label="Remove condition ${index + 1}" @click=${(
        /** @type {Event & { currentTarget: HTMLElement }} */ { currentTarget },
      ) => {
        const ruleElement = currentTarget.closest('.rule');
        editor.edit(() => void rule.conditions.splice(index, 1), `Condition ${index + 1} is removed.`);
        focusOn('.conditions + button', ruleElement ?? document);
      }}>Remove</button>
    </li>`;
}

/**
 * @param {FlagEditor} editor
 * @param {ConditionDraft} condition
 * @param {(part: Partial<ConditionDraft>) => void} change
 */
function valuesView(editor, condition, change) {
  const { id, of, op, values, kind } = condition;
  if (op === 'exists' || op === 'missing') return nothing;
  const isTime = of === 'now' || op === 'before' || op === 'after';
  const instant = isTime ? instantIn(values.trim()) : undefined;
  const hint = isTime
    ? instant === undefined
      ? 'With its offset: 2027-01-01T09:00:00+01:00, or in UTC with Z.'
      : `On your clock: ${formatMoment(new Date(instant).toISOString())}`
    : op === 'semver'
      ? 'All of them, one on each line: >=1.2.0, <2.0.0, ^1.2.0.'
      : SINGLE.includes(op)
        ? ''
        : 'One on each line.';
  return html`
    ${field(editor, `${id}.values`, isTime ? 'Time' : SINGLE.includes(op) ? 'Value' : 'Values', {
      value: values,
      input: (values) => change({ values }),
      rows: SINGLE.includes(op) ? undefined : Math.min(8, Math.max(1, values.split('\n').length)),
      hint,
      isLong: isTime,
    })}
    ${
      TYPED.includes(op)
        ? select(editor, `${id}.kind`, 'As', KINDS, kind, ({ target }) =>
            change({ kind: /** @type {Kind} */ (target.value) }),
          )
        : nothing
    }`;
}

/**
 * @param {FlagEditor} editor
 * @param {FlagSet} set
 * @param {ConditionDraft} condition
 * @param {(part: Partial<ConditionDraft>) => void} change
 */
function neededVariants(editor, set, { id, attribute, values }, change) {
  const needed = set.flags.find(({ key }) => key === attribute);
  const chosen = linesOf(values);
  const names = [...new Set([...Object.keys(needed?.variants ?? {}), ...chosen])];
  return html`
    <fieldset class="field" aria-describedby=${describedBy(editor, `${id}.values`)}>
      <legend>is</legend>
      ${names.length === 0 ? html`<p class="hint">Choose a flag first.</p>` : nothing}
      <div class="segments">${names.map(
        (name, index) => html`
          <label class="segment"><input type="checkbox" id="${id}-values${index === 0 ? '' : `-${index}`}" .checked=${chosen.includes(name)}
            @change=${(/** @type {Input} */ { target }) => change({ values: names.filter((each) => (each === name ? target.checked : chosen.includes(each))).join('\n') })} /><span>${name}</span></label>`,
      )}</div>
      ${errorsAt(editor, `${id}.values`)}
    </fieldset>`;
}

/**
 * @param {FlagEditor} editor
 * @param {RuleDraft} rule
 * @param {number} index
 * @param {readonly string[]} names
 */
function serveView(editor, rule, index, names) {
  const SHARES = ' shares';
  const serve = (/** @type {Input} */ { target: { value } }) =>
    editor.edit(() => {
      if (value !== SHARES) rule.serve = value;
      else {
        const first = rule.serve ?? names[0] ?? '';
        rule.serve = undefined;
        // What was typed before is there again.
        if (rule.shares.length === 0)
          rule.shares = [first, ...names.filter((name) => name !== first)].map((variant, at) => ({
            id: newId(),
            variant,
            weight: at === 0 ? '100' : '0',
          }));
      }
    });
  const options = [
    ...variantOptions(names, rule.serve ?? names[0] ?? ''),
    /** @type {const} */ ([SHARES, 'shares of users…']),
  ];
  return html`
    <div class="serve">
      ${select(editor, `${rule.id}.serve`, 'They get', options, rule.serve ?? SHARES, serve)}
      ${rule.serve === undefined ? sharesView(editor, rule, index, names) : nothing}
    </div>`;
}

/**
 * @param {FlagEditor} editor
 * @param {RuleDraft} rule
 * @param {number} index
 * @param {readonly string[]} names
 */
function sharesView(editor, rule, index, names) {
  const weights = rule.shares.map(({ weight }) => (/^\s*\d+\s*$/.test(weight) ? Number(weight) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const missing = names.filter((name) => !rule.shares.some(({ variant }) => variant === name));
  const slide = (/** @type {Input} */ { target }) =>
    editor.edit(() => {
      const [first, second] = rule.shares;
      if (first && second) [first.weight, second.weight] = [target.value, String(total - Number(target.value))];
    });
  return html`
    <div class="shares" role="group" aria-label="Shares of rule ${index + 1}">
      ${
        rule.shares.length === 2 && total > 0
          ? html`<input type="range" min="0" max=${total} .value=${String(weights[0])} @input=${slide} aria-label="Share of ${rule.shares[0]?.variant}"
              aria-valuetext="${percent(weights[0] ?? 0, total)}" />`
          : nothing
      }
      <ul>${repeat(
        rule.shares,
        ({ id }) => id,
        (share, at) => html`
          <li class="share">
            <label for="${share.id}-weight">${share.variant}</label>
            <input id="${share.id}-weight" inputmode="numeric" autocomplete="off" .value=${share.weight}
              aria-invalid=${describedBy(editor, `${share.id}.weight`) === nothing ? nothing : 'true'} aria-describedby=${describedBy(editor, `${share.id}.weight`)}
              @input=${(/** @type {Input} */ { target }) => editor.change(share, { weight: target.value })} />
            <span class="share-percent">${percent(weights[at] ?? 0, total)}</span>
            ${rule.shares.length > 2 || !names.includes(share.variant) ? html`<button class="quiet" type="button" aria-label="Remove the share of ${share.variant}" @click=${() => editor.edit(() => void rule.shares.splice(at, 1))}>Remove</button>` : nothing}
            ${errorsAt(editor, `${share.id}.weight`)}
          </li>`,
      )}</ul>
      ${missing.map((variant) => html`<button class="quiet" type="button" @click=${() => editor.edit(() => void rule.shares.push({ id: newId(), variant, weight: '0' }))}>Add a share of ${variant}</button>`)}
      ${field(editor, `${rule.id}.by`, 'Shared out by', {
        value: rule.by,
        input: (by) => editor.change(rule, { by }),
        placeholder: 'targetingKey',
        hint: 'An attribute, such as company: everybody of one gets the same.',
      })}
      ${rolloutPreview(editor.draft.key.trim(), { rollout: rule.shares.map(({ variant }, at) => [variant, weights[at] ?? 0]) }, rule.given?.serve)}
    </div>`;
}

/**
 * @param {readonly string[]} values
 * @param {string} chosen which is among the options even if it is none of them
 * @returns {[string, string][]}
 */
const optionsWith = (values, chosen) =>
  [...values, ...(values.includes(chosen) || chosen === '' ? [] : [chosen])].map((value) => [value, value]);

/**
 * @param {readonly string[]} names
 * @param {string} chosen
 */
const variantOptions = (names, chosen) => optionsWith([...new Set(names)], chosen);

/**
 * @param {string} at
 */
const idOf = (at) => at.replace('.', '-');

/**
 * @param {FlagEditor} editor
 * @param {string} at
 * @returns {string | typeof nothing} the id of what is said of a field
 */
const describedBy = (editor, at) =>
  editor.errors.value.some((error) => error.at === at) ? `${idOf(at)}-error` : nothing;

/**
 * @param {FlagEditor} editor
 * @param {string} at
 * @returns {Content}
 */
function errorsAt(editor, at) {
  const messages = editor.errors.value.filter((error) => error.at === at).map(({ message }) => message);
  if (messages.length === 0) return nothing;
  return html`<div class="field-error" id="${idOf(at)}-error">${messages.map((message) => html`<p>${message}</p>`)}</div>`;
}

/**
 * @param {FlagEditor} editor
 * @param {string} at
 * @param {string} label
 * @param {{ value: string, input: (value: string) => void, hint?: string, placeholder?: string, rows?: number | undefined, isLong?: boolean }} options
 */
function field(editor, at, label, { value, input, hint = '', placeholder, rows, isLong = false }) {
  const id = idOf(at);
  const error = describedBy(editor, at);
  const described =
    [...(hint === '' ? [] : [`${id}-hint`]), ...(error === nothing ? [] : [error])].join(' ') || nothing;
  const change = (/** @type {Input} */ { target }) => input(target.value);
  return html`
    <div class=${isLong ? 'field is-long' : 'field'}>
      <label for=${id}>${label}</label>
      ${
        rows === undefined
          ? html`<input id=${id} .value=${value} autocomplete="off" autocapitalize="none" spellcheck="false" placeholder=${placeholder ?? nothing}
              aria-invalid=${error === nothing ? nothing : 'true'} aria-describedby=${described} @input=${change} />`
          : html`<textarea id=${id} rows=${rows} .value=${value} autocapitalize="none" spellcheck="false"
              aria-invalid=${error === nothing ? nothing : 'true'} aria-describedby=${described} @input=${change}></textarea>`
      }
      ${hint === '' ? nothing : html`<p class="hint" id="${id}-hint">${hint}</p>`}
      ${errorsAt(editor, at)}
    </div>`;
}

/**
 * @param {FlagEditor} editor
 * @param {string} at
 * @param {string} label
 * @param {readonly (readonly [string, string])[]} options
 * @param {string} value
 * @param {(event: Input) => void} change
 */
function select(editor, at, label, options, value, change) {
  const id = idOf(at);
  const error = describedBy(editor, at);
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <select id=${id} aria-invalid=${error === nothing ? nothing : 'true'} aria-describedby=${error} @change=${change}>
        ${repeat(
          options,
          ([each]) => each,
          ([each, words]) =>
            html`<option value=${each} ?selected=${each === value} .selected=${each === value}>${words}</option>`,
        )}
      </select>
      ${errorsAt(editor, at)}
    </div>`;
}
