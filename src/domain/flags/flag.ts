import { utf8 } from './utf8.ts';

/** What keys of flags and names of variants look like: 1–64 letters, digits, dots, _ and -, with a letter or digit first. */
export const FLAG_KEY_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const FLAG_TYPES = ['boolean', 'string', 'number', 'object'] as const;
export type FlagType = (typeof FLAG_TYPES)[number];

export type FlagValue = boolean | string | number | Readonly<Record<string, unknown>>;

export const OPS = [
  'in',
  'notIn',
  'startsWith',
  'endsWith',
  'contains',
  'lt',
  'lte',
  'gt',
  'gte',
  'semver',
  'before',
  'after',
  'exists',
  'flag',
] as const;
export type Op = (typeof OPS)[number];

export type ConditionValue = string | number | boolean;

/** What an attribute of the evaluation context is compared with. */
export interface Condition {
  /** Name of an attribute, `now` for the time of the set's revision, or with `flag` the key of another flag. */
  readonly attribute: string;
  readonly op: Op;
  readonly values?: readonly ConditionValue[] | undefined;
}

/** Shares a flag out among variants, in integers: of 3 + 1, three quarters and one quarter. */
export interface Rollout {
  readonly rollout: readonly (readonly [variant: string, weight: number])[];
  /** Attribute by which contexts are shared out, in place of the targeting key. */
  readonly by?: string | undefined;
}

/** Serves a variant, or a share of each of several, where all of its conditions hold. */
export interface Rule {
  readonly if: readonly Condition[];
  readonly serve: string | Rollout;
}

/** What people put under a key. */
export interface FlagDefinition {
  readonly type: FlagType;
  readonly variants: Readonly<Record<string, FlagValue>>;
  /** Served where no rule matches. */
  readonly defaultVariant: string;
  /** A disabled flag has no value: the default in the code of whoever asks counts. */
  readonly state: 'ENABLED' | 'DISABLED';
  /** The first that matches counts. */
  readonly rules?: readonly Rule[] | undefined;
  readonly description?: string | undefined;
}

export interface Flag extends FlagDefinition {
  readonly key: string;
}

/** The attribute that stands for the time, whatever a context says of it. */
export const NOW = 'now';

export const isRollout = (serve: string | Rollout): serve is Rollout => typeof serve !== 'string';

/** The size of a flag as it is stored: JSON in UTF-8. */
export const bytesOf = (flag: Flag): number => utf8(JSON.stringify(flag)).length;

/** Every evaluation asks for them. */
const prerequisites = new WeakMap<Flag, readonly string[]>();

/** Keys of the flags that a flag needs for its own evaluation. */
export function prerequisitesOf(flag: Flag): readonly string[] {
  const known = prerequisites.get(flag);
  if (known) return known;
  const conditions = (flag.rules ?? []).flatMap((rule) => rule.if);
  const keys = [...new Set(conditions.filter(({ op }) => op === 'flag').map(({ attribute }) => attribute))];
  prerequisites.set(flag, keys);
  return keys;
}
