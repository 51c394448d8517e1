import type { Flag, FlagDefinition } from '../../src/domain/flags/flag.ts';

/** A flag of texts, each of which is its variant's name. */
export function aFlag(key: string, fields: Partial<FlagDefinition> = {}): Flag {
  return {
    key,
    type: 'string',
    variants: { red: 'red', blue: 'blue', green: 'green', yellow: 'yellow' },
    defaultVariant: 'red',
    state: 'ENABLED',
    ...fields,
  };
}

export const flagsByKey = (...flags: readonly Flag[]): ReadonlyMap<string, Flag> =>
  new Map(flags.map((flag) => [flag.key, flag]));

/** One rule that serves a variant where the condition holds. */
export const ruleIf = (attribute: string, op: string, ...values: readonly (string | number | boolean)[]) =>
  [{ if: [{ attribute, op, values }], serve: 'blue' }] as FlagDefinition['rules'];
