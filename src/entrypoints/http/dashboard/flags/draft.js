import { SINGLE } from './words.js';

/**
 * @import { Condition, ConditionValue, Flag, FlagType, FlagValue, Op, Rule } from '../../../../domain/flags/flag.ts'
 * @import { FlagDefinition } from './flags.js'
 *
 * What somebody types of a flag, as text, so that nothing is lost that is no flag yet. Its parts have ids of their own,
 * which they keep wherever they are moved.
 *
 * @typedef {object} VariantDraft
 * @property {string} id
 * @property {string} name
 * @property {string} value
 *
 * @typedef {'text' | 'number' | 'boolean' | 'json'} Kind of the values of a condition
 *
 * @typedef {object} ConditionDraft
 * @property {string} id
 * @property {'attribute' | 'now' | 'flag'} of
 * @property {string} attribute
 * @property {Op | 'missing'} op
 * @property {string} values one on each line
 * @property {Kind} kind
 *
 * @typedef {object} RuleDraft
 * @property {string} id
 * @property {ConditionDraft[]} conditions
 * @property {string | undefined} serve the one variant; undefined where there are shares
 * @property {{ id: string, variant: string, weight: string }[]} shares
 * @property {string} by
 * @property {Rule} [given] as it is stored
 *
 * @typedef {object} FlagDraft
 * @property {string} key
 * @property {FlagType} type
 * @property {boolean} isOn
 * @property {string} description
 * @property {VariantDraft[]} variants
 * @property {string} defaultVariant
 * @property {RuleDraft[]} rules
 */

let made = 0;
export const newId = () => `part-${++made}`;

/** The variants that a new flag of a type begins with. @type {Record<FlagType, Record<string, FlagValue>>} */
const BEGINNINGS = {
  boolean: { on: true, off: false },
  string: { a: 'A', b: 'B' },
  number: { low: 1, high: 10 },
  object: { a: {}, b: {} },
};

/** @param {FlagType} type */
export const newVariants = (type) => variantsOf(type, BEGINNINGS[type]);

/** @returns {FlagDraft} a new flag: off for everybody until somebody says otherwise */
export const newDraft = () => ({
  key: '',
  type: 'boolean',
  isOn: true,
  description: '',
  variants: newVariants('boolean'),
  defaultVariant: 'off',
  rules: [],
});

/** @returns {ConditionDraft} */
export const newCondition = () => ({
  id: newId(),
  of: 'attribute',
  attribute: '',
  op: 'in',
  values: '',
  kind: 'text',
});

/**
 * @param {string} variant
 * @returns {RuleDraft}
 */
export const newRule = (variant) => ({
  id: newId(),
  conditions: [newCondition()],
  serve: variant,
  shares: [],
  by: '',
});

/**
 * @param {Flag} flag
 * @returns {FlagDraft}
 */
export const draftOf = ({ key, type, state, description = '', variants, defaultVariant, rules = [] }) => ({
  key,
  type,
  isOn: state === 'ENABLED',
  description,
  variants: variantsOf(type, variants),
  defaultVariant,
  rules: rules.map(ruleDraft),
});

/**
 * @param {FlagType} type
 * @param {Readonly<Record<string, FlagValue>>} variants
 * @returns {VariantDraft[]}
 */
const variantsOf = (type, variants) =>
  Object.entries(variants).map(([name, value]) => ({
    id: newId(),
    name,
    value: type === 'string' ? String(value) : JSON.stringify(value, null, type === 'object' ? 2 : 0),
  }));

/**
 * @param {Rule} rule
 * @returns {RuleDraft}
 */
const ruleDraft = (rule) => ({
  id: newId(),
  given: rule,
  conditions: rule.if.map(conditionDraft),
  ...serveDraft(rule.serve),
});

/** @param {Rule['serve']} serve */
const serveDraft = (serve) =>
  typeof serve === 'string'
    ? { serve, shares: [], by: '' }
    : {
        serve: undefined,
        shares: serve.rollout.map(([variant, weight]) => ({ id: newId(), variant, weight: String(weight) })),
        by: serve.by ?? '',
      };

/**
 * @param {Condition} condition
 * @returns {ConditionDraft}
 */
function conditionDraft({ attribute, op, values = [] }) {
  const kind = kindOf(values);
  return {
    id: newId(),
    of: op === 'flag' ? 'flag' : attribute === 'now' ? 'now' : 'attribute',
    attribute: attribute === 'now' && op !== 'flag' ? '' : attribute,
    op: op === 'exists' && values[0] === false ? 'missing' : op,
    values: op === 'exists' ? '' : values.map((value) => (kind === 'json' ? JSON.stringify(value) : value)).join('\n'),
    kind,
  };
}

/**
 * @param {readonly ConditionValue[]} values
 * @returns {Kind}
 */
function kindOf(values) {
  const types = new Set(values.map((value) => typeof value));
  // Each line is a value, and one that is no text of a line has to be written in another way.
  if (types.size > 1 || values.some((value) => typeof value === 'string' && value !== value.trim())) return 'json';
  if (values.some((value) => value === '' || /[\r\n]/.test(String(value)))) return 'json';
  if (types.has('number')) return 'number';
  return types.has('boolean') ? 'boolean' : 'text';
}

/**
 * @param {FlagDraft} draft
 * @returns {{ definition: FlagDefinition, errors: { path: string, message: string }[] }} what is to be sent, and what
 * cannot be said in JSON, by the paths of the service
 */
export function definitionOf({ type, isOn, description, variants, defaultVariant, rules }) {
  /** @type {{ path: string, message: string }[]} */
  const errors = [];
  /** @type {[string, FlagValue][]} */
  const entries = [];
  for (const [index, { name, value }] of variants.entries()) {
    const path = `variants[${index}]`;
    const parsed = type === 'string' ? value : parse(value);
    if (name.trim() === '') errors.push({ path, message: 'needs a name' });
    else if (entries.some(([other]) => other === name.trim()))
      errors.push({ path, message: 'has the name of another' });
    if (parsed === undefined) errors.push({ path, message: `must be ${VALUE_FORMS[type]}` });
    entries.push([name.trim(), /** @type {FlagValue} */ (parsed)]);
  }
  const definition = {
    type,
    variants: Object.fromEntries(entries),
    defaultVariant,
    state: /** @type {Flag['state']} */ (isOn ? 'ENABLED' : 'DISABLED'),
    ...(rules.length > 0 && { rules: rules.map((rule, index) => ruleOf(rule, `rules[${index}]`, errors)) }),
    ...(description.trim() !== '' && { description: description.trim() }),
  };
  return { definition, errors };
}

/** What a value of a type looks like. @type {Record<FlagType, string>} */
export const VALUE_FORMS = {
  boolean: 'true or false',
  string: 'a text',
  number: 'a number',
  object: 'an object in JSON, such as { "size": 3 }',
};

/**
 * @param {RuleDraft} rule
 * @param {string} path
 * @param {{ path: string, message: string }[]} errors
 * @returns {Rule}
 */
function ruleOf({ conditions, serve, shares, by }, path, errors) {
  const rollout = shares.map(({ variant, weight }, index) => {
    if (!/^\s*\d+\s*$/.test(weight))
      errors.push({ path: `${path}.serve.rollout[${index}][1]`, message: 'must be a whole number from 0' });
    return /** @type {[string, number]} */ ([variant, Number(weight)]);
  });
  return {
    if: conditions.map((condition, index) => conditionOf(condition, `${path}.if[${index}]`, errors)),
    serve: serve ?? { rollout, ...(by.trim() !== '' && { by: by.trim() }) },
  };
}

/**
 * @param {ConditionDraft} condition
 * @param {string} path
 * @param {{ path: string, message: string }[]} errors
 * @returns {Condition}
 */
function conditionOf({ of, attribute, op, values, kind }, path, errors) {
  const name = of === 'now' ? 'now' : attribute.trim();
  if (name === '')
    errors.push({ path: `${path}.attribute`, message: of === 'flag' ? 'choose a flag' : 'needs a name' });
  if (of === 'flag') return { attribute: name, op: 'flag', values: linesOf(values) };
  if (op === 'exists' || op === 'missing') return { attribute: name, op: 'exists', values: [op === 'exists'] };
  const parsed = linesOf(values).map((line, index) => {
    const value = conditionValue(line, kind, SINGLE.includes(op));
    if (value === undefined) errors.push({ path: `${path}.values[${index}]`, message: `must be ${KIND_FORMS[kind]}` });
    return value ?? '';
  });
  return { attribute: name, op: /** @type {Op} */ (op), values: parsed };
}

/** @type {Record<Kind, string>} */
const KIND_FORMS = {
  text: 'a text',
  number: 'a number',
  boolean: 'true or false',
  json: 'a text in quotation marks, a number, true or false',
};

/**
 * @param {string} line
 * @param {Kind} kind
 * @param {boolean} isCompared
 * @returns {ConditionValue | undefined} undefined where it is none of that kind
 */
function conditionValue(line, kind, isCompared) {
  // What is compared keeps its digits, of which a number of JSON would lose some.
  if (kind === 'text' || (isCompared && String(Number(line)) !== line)) return line;
  const value = parse(line);
  const isFit = kind === 'json' ? ['string', 'number', 'boolean'].includes(typeof value) : typeof value === kind;
  return isFit ? /** @type {ConditionValue} */ (value) : undefined;
}

/** @param {string} text */
export const linesOf = (text) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/**
 * @param {string} text
 * @returns {unknown} undefined where it is no JSON
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Where the errors of a definition stand: at the parts by their ids, so that they stay with them when parts are moved.
 *
 * @param {FlagDraft} draft as it was sent
 * @param {readonly { path: string, message: string }[]} errors by the paths of the service
 * @returns {readonly { at: string, message: string }[]} such as `part-3.values`
 */
export const placed = (draft, errors) =>
  errors.map(({ path, message }) => {
    const [, variant, name] = /^variants(?:\[(\d+)\]|\.(.+))$/.exec(path) ?? [];
    const found = variant ? draft.variants[Number(variant)] : draft.variants.find((each) => each.name.trim() === name);
    if (found) return { at: `${found.id}.value`, message };
    const [, rule, condition, field, value, share] =
      /^rules\[(\d+)\](?:\.if\[(\d+)\](?:\.(\w+)(?:\[(\d+)\])?)?|\.serve(?:\.rollout\[(\d+)\])?)?/.exec(path) ?? [];
    const ruleDraft = draft.rules[Number(rule)];
    if (rule === undefined || !ruleDraft) return { at: path, message };
    const conditionDraft = condition === undefined ? undefined : ruleDraft.conditions[Number(condition)];
    if (conditionDraft) {
      const line = value === undefined ? undefined : linesOf(conditionDraft.values)[Number(value)];
      return { at: `${conditionDraft.id}.${field ?? 'values'}`, message: line ? `“${line}” ${message}` : message };
    }
    const shareDraft = share === undefined ? undefined : ruleDraft.shares[Number(share)];
    return { at: shareDraft ? `${shareDraft.id}.weight` : `${ruleDraft.id}.serve`, message };
  });
