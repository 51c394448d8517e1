import { type FieldIssue, invalidRequest } from '../shared/domain-error.ts';
import { isDecimal } from './decimals.ts';
import { flagCycle } from './errors.ts';
import {
  bytesOf,
  type Condition,
  type Flag,
  type FlagValue,
  isRollout,
  NOW,
  prerequisitesOf,
  type Rollout,
  type Rule,
} from './flag.ts';
import { instantIn } from './instants.ts';
import { MAX_TOTAL_WEIGHT } from './rollout.ts';
import { isVersionComparison } from './semver.ts';

/** How large a flag may be, as JSON in UTF-8. */
const MAX_FLAG_BYTES = 16 * 1024;

/**
 * Checks what the types of a definition do not say, and what needs no other flag.
 *
 * @throws DomainError `INVALID_REQUEST` with the path of each mistake
 */
export function assertValid(flag: Flag): void {
  refuse([...flagIssues(flag)]);
}

/**
 * Checks what a flag says of others.
 *
 * @param others flags of the same set, by key; one under the key of the flag itself is left out of account
 * @throws DomainError `INVALID_REQUEST` with the path of each mistake, `FLAGS_CYCLE`
 */
export function assertFits(flag: Flag, others: ReadonlyMap<string, Flag>): void {
  refuse([...prerequisiteIssues(flag, others)]);
  const cycle = cycleThrough(flag, others);
  if (cycle) throw flagCycle(cycle);
}

function refuse(issues: readonly FieldIssue[]): void {
  if (issues.length > 0) throw invalidRequest(...issues);
}

type Issues = Generator<FieldIssue>;

function* flagIssues(flag: Flag): Issues {
  if (bytesOf(flag) > MAX_FLAG_BYTES)
    yield { path: 'body', message: `is larger than a flag may be, which is ${MAX_FLAG_BYTES / 1024} KiB` };
  for (const [name, value] of Object.entries(flag.variants))
    if (!isOfType(flag.type, value)) yield { path: `variants.${name}`, message: `must be of the type ${flag.type}` };
  yield* variantIssues(flag, flag.defaultVariant, 'defaultVariant');
  for (const [index, rule] of (flag.rules ?? []).entries()) yield* ruleIssues(flag, rule, `rules[${index}]`);
}

const isOfType = (type: Flag['type'], value: FlagValue): boolean =>
  typeof value === type && value !== null && !Array.isArray(value);

function* variantIssues(flag: Flag, variant: string, path: string): Issues {
  if (!Object.hasOwn(flag.variants, variant)) yield { path, message: 'must name one of the variants' };
}

function* ruleIssues(flag: Flag, rule: Rule, path: string): Issues {
  for (const [index, condition] of rule.if.entries()) yield* conditionIssues(condition, `${path}.if[${index}]`);
  if (isRollout(rule.serve)) yield* rolloutIssues(flag, rule.serve, `${path}.serve.rollout`);
  else yield* variantIssues(flag, rule.serve, `${path}.serve`);
}

function* rolloutIssues(flag: Flag, { rollout }: Rollout, path: string): Issues {
  for (const [index, [variant]] of rollout.entries()) {
    yield* variantIssues(flag, variant, `${path}[${index}][0]`);
    if (rollout.findIndex(([name]) => name === variant) < index)
      yield { path: `${path}[${index}][0]`, message: 'must not be a variant that has a weight already' };
  }
  const total = rollout.reduce((sum, [, weight]) => sum + weight, 0);
  if (total === 0) yield { path, message: 'must have a weight above 0' };
  if (total > MAX_TOTAL_WEIGHT)
    yield { path, message: `must have weights that come to ${MAX_TOTAL_WEIGHT} at the most` };
}

/** What the values of an operator are, where they are not any text, number or boolean. */
const VALUE_RULES: Readonly<
  Partial<Record<Condition['op'], readonly [fits: (value: unknown) => boolean, what: string]>>
> = {
  startsWith: [isText, 'a text'],
  endsWith: [isText, 'a text'],
  lt: [isDecimal, 'a number, or one in text'],
  lte: [isDecimal, 'a number, or one in text'],
  gt: [isDecimal, 'a number, or one in text'],
  gte: [isDecimal, 'a number, or one in text'],
  semver: [isVersionComparison, 'a comparison with a version, such as >=1.2.0'],
  before: [isInstant, 'a date, or a time of ISO 8601 with its offset, such as 2027-01-01T00:00:00Z'],
  after: [isInstant, 'a date, or a time of ISO 8601 with its offset, such as 2027-01-01T00:00:00Z'],
  exists: [(value) => typeof value === 'boolean', 'true or false'],
  flag: [isText, 'a variant of the flag'],
};

/** Operators that compare with one value. */
const SINGLE: readonly Condition['op'][] = ['lt', 'lte', 'gt', 'gte', 'before', 'after', 'exists'];

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isInstant(value: unknown): boolean {
  return instantIn(value) !== undefined;
}

function* conditionIssues({ attribute, op, values = [] }: Condition, path: string): Issues {
  if (values.length === 0 && op !== 'exists') yield { path: `${path}.values`, message: 'must have a value' };
  if (values.length > 1 && SINGLE.includes(op))
    yield { path: `${path}.values`, message: `must have one value, with which ${op} compares` };
  const [fits, what] = VALUE_RULES[op] ?? [];
  for (const [index, value] of values.entries())
    if (fits && !fits(value)) yield { path: `${path}.values[${index}]`, message: `must be ${what}` };
  if (attribute === NOW && !['before', 'after', 'flag'].includes(op))
    yield { path: `${path}.op`, message: 'must be before or after, which now can be' };
}

function* prerequisiteIssues(flag: Flag, others: ReadonlyMap<string, Flag>): Issues {
  for (const [index, rule] of (flag.rules ?? []).entries())
    for (const [at, condition] of rule.if.entries())
      if (condition.op === 'flag')
        yield* prerequisiteConditionIssues(flag, condition, `rules[${index}].if[${at}]`, others);
}

function* prerequisiteConditionIssues(
  flag: Flag,
  { attribute, values = [] }: Condition,
  path: string,
  others: ReadonlyMap<string, Flag>,
): Issues {
  const needed = attribute === flag.key ? flag : others.get(attribute);
  if (!needed) {
    yield { path: `${path}.attribute`, message: 'must be the key of a flag of this set' };
    return;
  }
  for (const [index, value] of values.entries())
    if (typeof value === 'string' && !Object.hasOwn(needed.variants, value))
      yield { path: `${path}.values[${index}]`, message: 'must be a variant of that flag' };
}

/** The way from a flag through what it needs back to itself, if there is one. */
function cycleThrough(flag: Flag, others: ReadonlyMap<string, Flag>): readonly string[] | undefined {
  const start: Step = { key: flag.key, from: undefined };
  const steps = prerequisitesOf(flag).map((key): Step => ({ key, from: start }));
  const seen = new Set<string>();
  for (let step = steps.pop(); step; step = steps.pop()) {
    const { key } = step;
    if (key === flag.key) return keysUpTo(step);
    if (seen.has(key)) continue;
    seen.add(key);
    const needed = others.get(key);
    for (const next of needed ? prerequisitesOf(needed) : [])
      if (!seen.has(next)) steps.push({ key: next, from: step });
  }
  return undefined;
}

/** A flag on a way through prerequisites, and the one that needs it. */
interface Step {
  readonly key: string;
  readonly from: Step | undefined;
}

function keysUpTo(last: Step): string[] {
  const keys: string[] = [];
  for (let step: Step | undefined = last; step; step = step.from) keys.unshift(step.key);
  return keys;
}
