/** The flags context as others may use it: `portside/flags`. */
export { AdvanceFlagSet } from './advance-flag-set.ts';
export { type ChangedSet, ChangeFlags, type ChangeOrder } from './change-flags.ts';
export { assertFits, assertValid } from './check-flag.ts';
export { CreateFlagSet } from './create-flag-set.ts';
export { type CurrentFlagSet, CurrentFlagSets } from './current-flag-sets.ts';
export { DeleteFlagSet } from './delete-flag-set.ts';
export {
  type Evaluated,
  type Evaluation,
  type EvaluationContext,
  type EvaluationErrorCode,
  evaluate,
  evaluateAll,
  type Reason,
} from './evaluate.ts';
export { FindFlagSets } from './find-flag-sets.ts';
export type {
  Condition,
  ConditionValue,
  Flag,
  FlagDefinition,
  FlagType,
  FlagValue,
  Op,
  Rollout,
  Rule,
} from './flag.ts';
export {
  applied,
  entriesOf,
  type FlagChange,
  type FlagSet,
  type FlagSetSummary,
  type HistoryEntry,
  historyKey,
  nextInstant,
  nextRevision,
  type Revision,
} from './flag-set.ts';
