import * as domain from '../domain.js';

/**
 * @import { Evaluation, EvaluationContext } from '../../../../domain/flags/evaluate.ts'
 * @import { Condition, Flag, Rollout, Rule } from '../../../../domain/flags/flag.ts'
 */

const { evaluate, instantIn, murmur3, placeOf, variantOf } =
  /** @type {Pick<typeof import('../../../../domain/flags/evaluate.ts'), 'evaluate'>
   * & Pick<typeof import('../../../../domain/flags/instants.ts'), 'instantIn'>
   * & Pick<typeof import('../../../../domain/flags/murmur3.ts'), 'murmur3'>
   * & Pick<typeof import('../../../../domain/flags/rollout.ts'), 'placeOf' | 'variantOf'>} */ (
    /** @type {unknown} */ (domain)
  );

export { instantIn };

/**
 * @typedef {object} Step what became of one rule
 * @property {Rule} rule
 * @property {readonly { condition: Condition, holds: boolean }[]} conditions
 * @property {boolean} matches
 *
 * @typedef {object} Bucket the place of a user among the weights of a rollout
 * @property {string} unit by what the user is known
 * @property {number} place from 0
 * @property {number} total
 *
 * @typedef {object} Explanation
 * @property {Evaluation} evaluation
 * @property {readonly Step[]} steps the rules up to the first that matches
 * @property {Bucket} [bucket] where that shares users out
 */

/**
 * What a user gets of a flag, and why: by the evaluation of the service, which is asked about each condition by itself.
 *
 * @param {ReadonlyMap<string, Flag>} flags of the set
 * @param {number} now epoch ms
 * @param {Flag} flag one of them
 * @param {EvaluationContext} context
 * @returns {Explanation}
 */
export function explain(flags, now, flag, context) {
  const evaluation = evaluate({ flags, updatedAt: now }, flag.key, context);
  if (flag.state === 'DISABLED') return { evaluation, steps: [] };
  const holds = (/** @type {Condition} */ condition) => {
    const probe = { ...flag, key: '?', rules: [{ if: [condition], serve: flag.defaultVariant }] };
    const set = { flags: new Map(flags).set(probe.key, probe), updatedAt: now };
    return evaluate(set, probe.key, context).reason === 'TARGETING_MATCH';
  };
  /** @type {Step[]} */
  const steps = [];
  for (const rule of flag.rules ?? []) {
    const conditions = rule.if.map((condition) => ({ condition, holds: holds(condition) }));
    const matches = conditions.every((each) => each.holds);
    steps.push({ rule, conditions, matches });
    if (matches) break;
  }
  const last = steps[steps.length - 1];
  const unit = last?.matches && typeof last.rule.serve !== 'string' ? unitOf(last.rule.serve, context) : undefined;
  if (unit === undefined || evaluation.reason !== 'SPLIT') return { evaluation, steps };
  const total = totalOf(/** @type {Rollout} */ (last?.rule.serve));
  return { evaluation, steps, bucket: { unit, place: placeOf(murmur3(flag.key + unit), total), total } };
}

/**
 * By what a rollout knows a user.
 *
 * @param {Rollout} rollout
 * @param {EvaluationContext} context
 */
function unitOf({ by = 'targetingKey' }, context) {
  for (const value of [context[by], context.targetingKey])
    if ((typeof value === 'string' && value !== '') || (typeof value === 'number' && by !== 'targetingKey'))
      return String(value);
  return undefined;
}

/** @param {Rollout} rollout */
export const totalOf = ({ rollout }) => rollout.reduce((sum, [, weight]) => sum + weight, 0);

/** How many users are looked at to tell what a rollout does. */
export const SAMPLE = 1_000;

/**
 * What some users get of two rollouts.
 *
 * @param {string} key of the flag
 * @param {Rollout} before
 * @param {Rollout} after
 * @returns {readonly { before: string | undefined, after: string | undefined }[]}
 */
export const compareRollouts = (key, before, after) =>
  Array.from({ length: SAMPLE }, (_, at) => ({
    before: variantOf(before, key, `user-${at + 1}`),
    after: variantOf(after, key, `user-${at + 1}`),
  }));
