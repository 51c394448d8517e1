import { inOrder } from './comparison.js';

/**
 * @import { Condition, Flag, FlagValue, Rollout, Rule } from '../../../../domain/flags/flag.ts'
 */

/** What is said of an attribute; `exists` has one for each of its values. */
export const OPERATORS = /** @type {const} */ ([
  ['in', 'is one of'],
  ['notIn', 'is none of'],
  ['startsWith', 'begins with'],
  ['endsWith', 'ends with'],
  ['contains', 'contains'],
  ['lt', 'is less than'],
  ['lte', 'is at most'],
  ['gt', 'is more than'],
  ['gte', 'is at least'],
  ['semver', 'is a version that is'],
  ['before', 'is a time before'],
  ['after', 'is a time at or after'],
  ['exists', 'is given'],
  ['missing', 'is not given'],
]);
const WORDS = /** @type {Record<string, string>} */ (Object.fromEntries(OPERATORS));

/** Those that compare with one value. */
export const SINGLE = ['lt', 'lte', 'gt', 'gte', 'before', 'after'];

/** More values than this are counted. */
const SHOWN_VALUES = 5;

/**
 * @param {readonly unknown[]} values
 * @param {string} last what stands before the last one
 * @param {number} most how many are shown
 */
function listed(values, last, most) {
  const shown = values.length > most + 1 ? values.slice(0, most) : values;
  const texts = shown.map((value) => (typeof value === 'string' ? `“${value}”` : String(value)));
  if (shown.length < values.length) return `${texts.join(', ')} and ${values.length - shown.length} more`;
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} ${last} ${texts[texts.length - 1]}`;
}

/**
 * @param {Condition} condition
 * @param {number} [most] how many values are shown
 */
export function conditionInWords({ attribute, op, values = [] }, most = SHOWN_VALUES) {
  if (op === 'flag') return `the flag ${attribute} is ${listed(values, 'or', most)}`;
  if (attribute === 'now') return `the time is ${op === 'before' ? 'before' : 'at or after'} ${values[0]}`;
  if (op === 'exists') return `${attribute} ${WORDS[values[0] === false ? 'missing' : 'exists']}`;
  return `${attribute} ${WORDS[op]} ${listed(values, op === 'semver' ? 'and' : 'or', most)}`;
}

/**
 * @param {Rule} rule
 * @param {number} [most] how many values of a condition are shown
 */
const conditionsInWords = (rule, most) =>
  rule.if.length === 0
    ? 'For everybody'
    : `Where ${rule.if.map((condition) => conditionInWords(condition, most)).join(' and ')}`;

/**
 * @param {number} weight
 * @param {number} total
 */
export function percent(weight, total) {
  if (total === 0) return '0\u00a0%';
  const share = (100 * weight) / total;
  const digits = share === 0 || share === 100 || share >= 10 ? 1 : 3;
  // A line never breaks inside a figure.
  return `${Number(share.toFixed(digits))}\u00a0%`;
}

/** @param {Rollout} rollout */
export function sharesInWords({ rollout }) {
  const total = rollout.reduce((sum, [, weight]) => sum + weight, 0);
  return rollout.map(([variant, weight]) => `${variant} ${percent(weight, total)}`);
}

/** @param {Rule['serve']} serve */
export const serveInWords = (serve) =>
  typeof serve === 'string'
    ? serve
    : `${sharesInWords(serve).join(', ')}${serve.by === undefined ? '' : ` by ${serve.by}`}`;

/** Nothing is left out, or what differs might be. @param {Rule} rule */
const ruleInWords = (rule) => `${conditionsInWords(rule, Number.POSITIVE_INFINITY)}: ${serveInWords(rule.serve)}`;

/** @param {FlagValue | undefined} value */
export const valueInWords = (value) => JSON.stringify(value) ?? 'none';

/** @param {Flag} flag */
export const stateInWords = ({ state }) => (state === 'ENABLED' ? 'On' : 'Off');

/**
 * What differs between two forms of a flag.
 *
 * @param {Flag | null | undefined} before
 * @param {Flag | null | undefined} after
 * @returns {readonly { sign: '+' | '−' | '·', text: string }[]}
 */
export function differences(before, after) {
  if (!before && !after) return [];
  if (!before || !after) {
    const flag = /** @type {Flag} */ (before ?? after);
    const sign = /** @type {'+' | '−'} */ (after ? '+' : '−');
    return [
      { sign: /** @type {const} */ ('·'), text: after ? 'The flag is made.' : 'The flag is deleted.' },
      ...linesOf(flag).map((text) => ({ sign, text })),
    ];
  }
  const [were, are] = [linesOf(before), linesOf(after)];
  const lines = [
    ...were.filter((line) => !are.includes(line)).map((text) => ({ sign: /** @type {const} */ ('−'), text })),
    ...are.filter((line) => !were.includes(line)).map((text) => ({ sign: /** @type {const} */ ('+'), text })),
  ];
  if (lines.length > 0) return lines;
  return inOrder(before.rules) === inOrder(after.rules)
    ? []
    : [{ sign: '·', text: 'The rules, or weights of the same shares, are others or stand in another order.' }];
}

/** @param {Flag} flag */
const linesOf = (flag) => [
  `State: ${stateInWords(flag)}`,
  `Type: ${flag.type}`,
  ...(flag.description === undefined ? [] : [`Description: ${flag.description}`]),
  ...Object.entries(flag.variants).map(([name, value]) => `Variant ${name}: ${valueInWords(value)}`),
  ...(flag.rules ?? []).map((rule) => ruleInWords(rule)),
  `Otherwise: ${flag.defaultVariant}`,
];
