import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type EvaluationContext, evaluate, evaluateAll } from '../../../src/domain/flags/evaluate.ts';
import { type Condition, type Flag, OPS, type Rule } from '../../../src/domain/flags/flag.ts';
import { aFlag, flagsByKey, ruleIf } from '../../helpers/flags.ts';

const NOW = Date.UTC(2027, 0, 1);
const RUNS = 300;

/** Names that objects have of their own, and others. */
const NAMES = ['a', 'targetingKey', 'now', '__proto__', 'constructor', 'toString', 'length', '0', ''];
const KEYS = ['f', 'g', 'h', 'constructor', 'gone'];
const VALUES = ['red', 'a', '1.0.0', '>=1.0.0', '2027-01-01', '1e400', '-0', '__proto__', 1e308, -0, true, ''];
const name = fc.constantFrom(...NAMES);

/** JSON that nobody would write. */
const hostile = fc.oneof(
  fc.json(),
  fc.constantFrom('1e400', '-1e400', '{"__proto__":{"a":1}}', '"\\ud800"', '"\\u0000"', '[[[]]]', 'null'),
  fc.integer({ min: 1, max: 2_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
);
/** A context as text, since a name such as `__proto__` is no attribute in a literal. */
const contextText = fc
  .array(fc.tuple(name, hostile), { maxLength: 6 })
  .map((entries) => `{${entries.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`);

const condition: fc.Arbitrary<Condition> = fc.record({
  attribute: fc.oneof(name, fc.constantFrom(...KEYS)),
  op: fc.constantFrom(...OPS),
  values: fc.array(fc.constantFrom(...VALUES), { maxLength: 3 }),
});
const variant = fc.constantFrom('red', 'blue', 'green');
const rule: fc.Arbitrary<Rule> = fc.record({
  if: fc.array(condition, { maxLength: 3 }),
  serve: fc.oneof(
    variant,
    fc.record({
      rollout: fc.array(fc.tuple(variant, fc.nat(5)), { maxLength: 3 }),
      by: fc.option(name, { nil: undefined }),
    }),
  ),
});
/** Also with cycles, and rollouts without weight, which are never stored. */
const flag: fc.Arbitrary<Flag> = fc
  .tuple(fc.constantFrom(...KEYS.slice(0, 4)), fc.array(rule, { maxLength: 4 }), fc.boolean())
  .map(([key, rules, isOn]) => aFlag(key, { rules, state: isOn ? 'ENABLED' : 'DISABLED' }));

describe('evaluation of whatever there may be', () => {
  it('has a result, the same each time, for one flag and for all, and after the way through JSON', () => {
    fc.assert(
      fc.property(fc.array(flag, { maxLength: 4 }), contextText, (flags, text) => {
        const context: EvaluationContext = JSON.parse(text);
        const set = { flags: flagsByKey(...flags), updatedAt: NOW };
        const copy = { flags: flagsByKey(...(JSON.parse(JSON.stringify(flags)) as Flag[])), updatedAt: NOW };
        const each = KEYS.map((key) => evaluate(set, key, context));
        expect(KEYS.map((key) => evaluate(copy, key, JSON.parse(text)))).toEqual(each);
        const all = evaluateAll(set, context);
        expect(all.map(({ key }) => key)).toEqual([...set.flags.keys()].sort());
        if (!hasCycle(set.flags)) expect(each).toEqual(expect.arrayContaining([...all]));
        for (const { value, variant, reason } of each)
          if (variant === undefined) expect(['DISABLED', 'ERROR']).toContain(reason);
          else expect(value).toBe(variant);
      }),
      { numRuns: RUNS },
    );
  });

  it('takes values that JSON does not have', () => {
    fc.assert(
      fc.property(
        fc.array(flag, { maxLength: 4 }),
        fc.dictionary(name, fc.anything({ withBigInt: true })),
        (flags, context) => {
          for (const { reason } of evaluateAll({ flags: flagsByKey(...flags), updatedAt: NOW }, context))
            expect(reason).toMatch(/^[A-Z_]+$/);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('goes through prerequisites however far they lead', () => {
    const length = 20_000;
    const flags = Array.from({ length }, (_, index) =>
      index === length - 1
        ? aFlag(`f${index}`, { defaultVariant: 'blue' })
        : aFlag(`f${index}`, { rules: ruleIf(`f${index + 1}`, 'flag', 'blue') }),
    );
    const set = { flags: flagsByKey(...flags), updatedAt: NOW };
    expect(evaluate(set, 'f0', {})).toMatchObject({ reason: 'TARGETING_MATCH', variant: 'blue' });
    expect(new Set(evaluateAll(set, {}).map(({ variant }) => variant))).toEqual(new Set(['blue']));
  });
});

/** What a flag within itself is depends on where the evaluation begins; no set is stored with one. */
function hasCycle(flags: ReadonlyMap<string, Flag>): boolean {
  const leads = (from: string, seen: readonly string[]): boolean =>
    seen.includes(from) ||
    (flags.get(from)?.rules ?? []).some((each) =>
      each.if.some(({ op, attribute }) => op === 'flag' && leads(attribute, [...seen, from])),
    );
  return [...flags.keys()].some((key) => leads(key, []));
}
