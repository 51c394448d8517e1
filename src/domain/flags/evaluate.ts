import { compareDecimals } from './decimals.ts';
import { type Condition, type Flag, type FlagValue, isRollout, NOW, prerequisitesOf, type Rollout } from './flag.ts';
import { instantIn } from './instants.ts';
import { soleVariant, variantOf } from './rollout.ts';
import { fitsVersion } from './semver.ts';

/** What whoever asks says of the user and the situation; anything that JSON can hold. */
export type EvaluationContext = Readonly<Record<string, unknown>>;

/** Why a flag has its value, in OpenFeature's words. */
export type Reason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT' | 'DISABLED' | 'ERROR';
export type EvaluationErrorCode = 'FLAG_NOT_FOUND' | 'TARGETING_KEY_MISSING';

export interface Evaluation {
  readonly key: string;
  readonly reason: Reason;
  /** None where the flag is disabled, or with an error: the default of whoever asks counts. */
  readonly value?: FlagValue;
  readonly variant?: string;
  /** With the reason `ERROR` alone. */
  readonly errorCode?: EvaluationErrorCode;
}

/** What evaluation needs of a flag set. */
export interface Evaluated {
  readonly flags: ReadonlyMap<string, Flag>;
  /** What `now` stands for, epoch ms. */
  readonly updatedAt: number;
}

/**
 * Evaluates one flag. The result depends on its parameters alone, and there is one whatever they are: nothing is thrown.
 */
export const evaluate = (set: Evaluated, key: string, context: EvaluationContext): Evaluation =>
  new Evaluator(set, context).evaluate(key);

/** Evaluates every flag of a set for one context, in the order of the keys. */
export function evaluateAll(set: Evaluated, context: EvaluationContext): readonly Evaluation[] {
  const evaluator = new Evaluator(set, context);
  return [...set.flags.keys()].sort().map((key) => evaluator.evaluate(key));
}

/** For who asks about several flags of a set. */
export const evaluatorOf = (set: Evaluated, context: EvaluationContext): Pick<Evaluator, 'evaluate'> =>
  new Evaluator(set, context);

/**
 * Flags that are needed by others are evaluated once, or their number could double with every step between two of them,
 * and before those, since a way through what flags need may be longer than the stack is deep.
 */
class Evaluator {
  private readonly done = new Map<string, Evaluation>();

  constructor(
    private readonly set: Evaluated,
    private readonly context: EvaluationContext,
  ) {}

  evaluate(key: string): Evaluation {
    const needed = this.neededBy(key);
    if (needed.length > 0) this.evaluateAll([key, ...needed]);
    return this.finish(key);
  }

  /** @param open the last of which comes first, with what it needs */
  private evaluateAll(open: string[]): void {
    /** Those on the way. No set is stored with a cycle; should there be one all the same, the way does not go on in it. */
    const begun = new Set([open[0]]);
    while (open.length > 0) {
      const key = open[open.length - 1] as string;
      const needed = begun.has(key) ? [] : this.neededBy(key).filter((each) => !begun.has(each));
      begun.add(key);
      if (needed.length > 0) open.push(...needed);
      else this.finish(open.pop() as string);
    }
  }

  private neededBy(key: string): readonly string[] {
    const flag = this.done.has(key) ? undefined : this.set.flags.get(key);
    return flag ? prerequisitesOf(flag).filter((each) => !this.done.has(each)) : [];
  }

  private finish(key: string): Evaluation {
    const evaluation = this.done.get(key) ?? this.evaluateAnew(key);
    this.done.set(key, evaluation);
    return evaluation;
  }

  private evaluateAnew(key: string): Evaluation {
    const flag = this.set.flags.get(key);
    if (!flag) return { key, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' };
    if (flag.state === 'DISABLED') return { key, reason: 'DISABLED' };
    const rules = flag.rules ?? [];
    const rule = rules.find((each) => each.if.every((condition) => this.holds(condition)));
    if (!rule) return served(flag, flag.defaultVariant, rules.length === 0 ? 'STATIC' : 'DEFAULT');
    if (!isRollout(rule.serve)) return served(flag, rule.serve, 'TARGETING_MATCH');
    const variant = soleVariant(rule.serve) ?? this.split(flag, rule.serve);
    return variant === undefined
      ? { key, reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' }
      : served(flag, variant, 'SPLIT');
  }

  /** As flagd does it: without the attribute, the targeting key counts. */
  private split(flag: Flag, rollout: Rollout): string | undefined {
    const unit = (rollout.by === undefined ? undefined : unitIn(this.attribute(rollout.by))) ?? this.targetingKey();
    return unit === undefined ? undefined : variantOf(rollout, flag.key, unit);
  }

  private targetingKey(): string | undefined {
    const key = this.attribute('targetingKey');
    return typeof key === 'string' && key !== '' ? key : undefined;
  }

  private attribute(name: string): unknown {
    return Object.hasOwn(this.context, name) ? this.context[name] : undefined;
  }

  private holds({ attribute, op, values = [] }: Condition): boolean {
    if (op === 'flag') {
      const variant = this.done.get(attribute)?.variant;
      return variant !== undefined && values.includes(variant);
    }
    if (attribute === NOW) return holdsInTime(op, this.set.updatedAt, values[0]);
    const given = this.attribute(attribute);
    const isGiven = given !== undefined && given !== null;
    if (op === 'exists') return isGiven === (values[0] ?? true);
    return isGiven && holdsFor(given, op, values);
  }
}

const served = (flag: Flag, variant: string, reason: Reason): Evaluation => ({
  key: flag.key,
  reason,
  variant,
  value: flag.variants[variant] as FlagValue,
});

/** A text or a number; flagd casts other attributes in its rules to text, where it is told to. */
function unitIn(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

type Values = NonNullable<Condition['values']>;

function holdsFor(given: unknown, op: Condition['op'], values: Values): boolean {
  const [first] = values;
  switch (op) {
    case 'in':
      return (values as readonly unknown[]).includes(given);
    case 'notIn':
      return !(values as readonly unknown[]).includes(given);
    case 'startsWith':
      return typeof given === 'string' && values.some((value) => given.startsWith(String(value)));
    case 'endsWith':
      return typeof given === 'string' && values.some((value) => given.endsWith(String(value)));
    case 'contains':
      if (Array.isArray(given)) return values.some((value) => given.includes(value));
      return typeof given === 'string' && values.some((value) => given.includes(String(value)));
    case 'semver':
      return values.every((value) => fitsVersion(given, value));
    case 'before':
    case 'after':
      return holdsInTime(op, instantIn(given), first);
    default:
      return holdsInOrder(op, compareDecimals(given, first));
  }
}

/** From the very moment that it names on, it is after it; up to then, before it. */
function holdsInTime(op: Condition['op'], at: number | undefined, value: unknown): boolean {
  const instant = instantIn(value);
  if (at === undefined || instant === undefined) return false;
  return op === 'before' ? at < instant : at >= instant;
}

function holdsInOrder(op: Condition['op'], order: number | undefined): boolean {
  if (order === undefined) return false;
  switch (op) {
    case 'lt':
      return order < 0;
    case 'lte':
      return order <= 0;
    case 'gt':
      return order > 0;
    default:
      return order >= 0;
  }
}
