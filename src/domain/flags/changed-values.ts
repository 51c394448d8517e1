import { type Evaluation, type EvaluationContext, evaluatorOf } from './evaluate.ts';
import { type Flag, NOW } from './flag.ts';
import type { FlagSet } from './flag-set.ts';

/** What is different for one context. */
export interface ChangedValues {
  readonly flags: readonly Evaluation[];
  readonly removed: readonly string[];
}

/** Many contexts ask about the same two revisions. */
const known = new WeakMap<FlagSet, WeakMap<FlagSet, readonly string[]>>();

/** What changes for a context from one revision to another; only flags are evaluated whose values may differ. */
export function changedValues(before: FlagSet, after: FlagSet, context: EvaluationContext): ChangedValues {
  const were = evaluatorOf(before, context);
  const are = evaluatorOf(after, context);
  const flags: Evaluation[] = [];
  const removed: string[] = [];
  for (const key of affectedKeys(before, after)) {
    if (!after.flags.has(key)) {
      removed.push(key);
      continue;
    }
    const is = are.evaluate(key);
    if (!before.flags.has(key) || JSON.stringify(were.evaluate(key)) !== JSON.stringify(is)) flags.push(is);
  }
  return { flags, removed };
}

/** Keys of the flags whose values may differ between two revisions, in order: for all others they are the same. */
function affectedKeys(before: FlagSet, after: FlagSet): readonly string[] {
  const ofBefore = known.get(before) ?? new WeakMap<FlagSet, readonly string[]>();
  known.set(before, ofBefore);
  const keys = ofBefore.get(after) ?? findAffected(before, after);
  ofBefore.set(after, keys);
  return keys;
}

function findAffected(before: FlagSet, after: FlagSet): readonly string[] {
  const sets = [before, after];
  const keys = new Set(sets.flatMap(({ flags }) => [...flags.keys()]));
  const affected = [...keys].filter((key) => {
    const [was, is] = sets.map(({ flags }) => flags.get(key));
    return is === undefined || dependsOnTime(is) || JSON.stringify(was) !== JSON.stringify(is);
  });
  const dependents = dependentsIn(sets);
  const found = new Set(affected);
  // Grows while it is gone through.
  for (const key of found) for (const dependent of dependents.get(key) ?? []) found.add(dependent);
  return [...found].sort();
}

const conditionsOf = ({ rules = [] }: Flag) => rules.flatMap((rule) => rule.if);

const dependsOnTime = (flag: Flag): boolean => conditionsOf(flag).some(({ attribute }) => attribute === NOW);

/** Flags by the key of another that they need. */
function dependentsIn(sets: readonly FlagSet[]): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>();
  for (const { flags } of sets)
    for (const flag of flags.values())
      for (const { attribute, op } of conditionsOf(flag))
        if (op === 'flag') dependents.set(attribute, [...(dependents.get(attribute) ?? []), flag.key]);
  return dependents;
}
