import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type EvaluationContext, evaluate, evaluateAll } from '../../../src/domain/flags/evaluate.ts';
import { type Condition, type FlagDefinition, OPS } from '../../../src/domain/flags/flag.ts';
import { instantIn } from '../../../src/domain/flags/instants.ts';
import { aFlag, flagsByKey, ruleIf } from '../../helpers/flags.ts';

const NOW = Date.UTC(2027, 0, 1);

function evaluated(fields: Partial<FlagDefinition>, context: EvaluationContext = {}, updatedAt = NOW) {
  return evaluate({ flags: flagsByKey(aFlag('f', fields)), updatedAt }, 'f', context);
}

describe('evaluation', () => {
  it('says why a flag has its value', () => {
    const rules = ruleIf('plan', 'in', 'gold', 3, true);
    expect(evaluated({})).toEqual({ key: 'f', reason: 'STATIC', variant: 'red', value: 'red' });
    expect(evaluated({ rules })).toMatchObject({ reason: 'DEFAULT', value: 'red' });
    expect(evaluated({ rules }, { plan: 'gold' })).toMatchObject({ reason: 'TARGETING_MATCH', value: 'blue' });
    expect(evaluated({ rules, state: 'DISABLED' }, { plan: 'gold' })).toEqual({ key: 'f', reason: 'DISABLED' });
    expect(evaluate({ flags: new Map(), updatedAt: NOW }, 'f', {})).toEqual({
      key: 'f',
      reason: 'ERROR',
      errorCode: 'FLAG_NOT_FOUND',
    });
  });

  it('takes the first rule of which all conditions hold', () => {
    const rules: FlagDefinition['rules'] = [
      {
        if: [
          { attribute: 'a', op: 'in', values: [1] },
          { attribute: 'b', op: 'in', values: [1] },
        ],
        serve: 'blue',
      },
      { if: [{ attribute: 'a', op: 'in', values: [1] }], serve: 'green' },
      { if: [], serve: 'yellow' },
    ];
    expect(evaluated({ rules }, { a: 1, b: 1 }).variant).toBe('blue');
    expect(evaluated({ rules }, { a: 1 }).variant).toBe('green');
    expect(evaluated({ rules }).variant).toBe('yellow');
  });

  it.each<[op: Condition['op'], values: Condition['values'], fits: readonly unknown[], others: readonly unknown[]]>([
    ['in', ['a', 3, true], ['a', 3, true], ['A', '3', 'true', ['a'], 1]],
    ['notIn', ['a', 3], ['b', '3', true], ['a', 3]],
    ['startsWith', ['ab', 'x'], ['abc', 'x'], ['ba', 'AB', 3, ['ab']]],
    ['endsWith', ['@b.c', '.org'], ['a@b.c', 'x.org'], ['@b.cd', 3]],
    ['contains', ['b', 3], ['abc', ['b'], [1, 3], 'x3'], ['ac', ['abc'], 3]],
    ['lt', ['0.3'], [0.2, '0.29999999999999999999', -1, '-0.1'], ['0.3', 0.3, 1, 'x', '', null, [0]]],
    ['lte', [10], [10, '10.0', 9.99, '1e1'], ['10.000000000000000000001', 11]],
    ['gt', ['9007199254740993'], ['9007199254740994', 1e21], ['9007199254740993', 9007199254740992]],
    ['gte', [-2.5], [-2.5, '-2.50', 0], ['-2.51', Number.NaN, Number.POSITIVE_INFINITY]],
    [
      'semver',
      ['>=1.2.0', '<2.0.0'],
      ['1.2.0', 'v1.10.3', '1.99.0+build', '2.0.0-rc.1'],
      ['1.2.0-rc.1', '2.0.0', '1.2', 1.2],
    ],
    ['semver', ['^1.2.3'], ['1.0.0', '1.9.9'], ['2.0.0', '0.9.0']],
    ['semver', ['~1.2.3'], ['1.2.0', '1.2.99'], ['1.3.0']],
    [
      'semver',
      ['>1.0.0-alpha.2'],
      ['1.0.0-alpha.10', '1.0.0-beta', '1.0.0'],
      ['1.0.0-alpha.1', '1.0.0-1', '1.0.0-alpha'],
    ],
    ['semver', ['!=1.0.0'], ['1.0.1'], ['1.0.0', 'v1.0.0']],
    [
      'before',
      ['2027-01-01T00:00:00Z'],
      ['2026-12-31', '2027-01-01T00:30:00+01:00'],
      ['2027-01-01', '2027-01-01T00:00:00.001Z', 'soon', 0],
    ],
    [
      'after',
      ['2027-01-01T00:00:00Z'],
      ['2027-01-01', '2026-12-31T23:00:00-01:00'],
      ['2026-12-31T23:59:59.999Z', '2027-02-30'],
    ],
    ['exists', [], ['', 0, false, []], [null, undefined]],
    ['exists', [false], [null, undefined], ['', 0]],
  ])('%s %j holds for what it says', (op, values, fits, others) => {
    const rules: FlagDefinition['rules'] = [{ if: [{ attribute: 'a', op, values }], serve: 'blue' }];
    for (const a of fits) expect([a, evaluated({ rules }, { a }).variant]).toEqual([a, 'blue']);
    for (const a of others) expect([a, evaluated({ rules }, { a }).variant]).toEqual([a, 'red']);
    if (op !== 'exists') expect(evaluated({ rules }, {}).variant).toBe('red');
  });

  it('reads instants as Date does, and no others', () => {
    const ms = fc.integer({ min: Date.UTC(1000, 0, 1), max: Date.UTC(9999, 11, 31) });
    fc.assert(fc.property(ms, (at) => expect(instantIn(new Date(at).toISOString())).toBe(at)));
    expect(instantIn('2028-02-29')).toBe(Date.UTC(2028, 1, 29));
    expect(instantIn('2027-01-01T10:00:00.1239-05:30')).toBe(Date.parse('2027-01-01T15:30:00.123Z'));
    for (const text of ['2027-02-29', '2027-13-01', '2027-01-00', '2027-01-01T24:00:00Z', '2027-01-01T10:00', '27-1-1'])
      expect(instantIn(text)).toBeUndefined();
  });

  it('turns a rule about now at the instant that it names, by the time of the revision and whatever the context says', () => {
    const rules = ruleIf('now', 'after', '2027-01-01T00:00:00Z');
    expect(evaluated({ rules }, { now: '2030-01-01' }, NOW - 1).variant).toBe('red');
    expect(evaluated({ rules }, { now: '2020-01-01' }, NOW).variant).toBe('blue');
    expect(evaluated({ rules: ruleIf('now', 'before', '2027-01-01') }, {}, NOW).variant).toBe('red');
  });

  it('splits by the targeting key or by an attribute, and says when there is nothing to split by', () => {
    const half = [
      ['blue', 1],
      ['green', 1],
    ] as const;
    const byKey = { rules: [{ if: [], serve: { rollout: half } }] };
    const byMail = { rules: [{ if: [], serve: { rollout: half, by: 'email' } }] };
    const key = { targetingKey: 'foo@foo.com' };

    expect(evaluated(byKey, key)).toMatchObject({ reason: 'SPLIT' });
    expect(evaluated(byMail, { email: 'foo@foo.com' })).toEqual(evaluated(byKey, key));
    expect(evaluated(byMail, { email: { x: 1 }, ...key })).toEqual(evaluated(byKey, key));
    expect(evaluated(byMail, { email: 12 })).toEqual(evaluated(byMail, { email: '12' }));
    for (const targetingKey of [undefined, '', 3, null])
      expect(evaluated(byKey, { targetingKey })).toEqual({
        key: 'f',
        reason: 'ERROR',
        errorCode: 'TARGETING_KEY_MISSING',
      });
    const everybody = {
      rules: [
        {
          if: [],
          serve: {
            rollout: [
              ['green', 5],
              ['blue', 0],
            ] as const,
          },
        },
      ],
    };
    expect(evaluated(everybody)).toMatchObject({ reason: 'SPLIT', variant: 'green' });
  });

  it('asks for the variant of a prerequisite', () => {
    const needs = (key: string, needed: string) => aFlag(key, { rules: ruleIf(needed, 'flag', 'blue') });
    const flags = flagsByKey(needs('a', 'b'), needs('b', 'c'), aFlag('c', { rules: ruleIf('x', 'in', 1) }));
    expect(evaluate({ flags, updatedAt: NOW }, 'a', { x: 1 }).variant).toBe('blue');
    expect(evaluate({ flags, updatedAt: NOW }, 'a', { x: 2 }).variant).toBe('red');
    const disabled = flagsByKey(needs('a', 'b'), aFlag('b', { state: 'DISABLED', defaultVariant: 'blue' }));
    expect(evaluate({ flags: disabled, updatedAt: NOW }, 'a', {}).variant).toBe('red');
    expect(evaluate({ flags: flagsByKey(needs('a', 'gone')), updatedAt: NOW }, 'a', {}).variant).toBe('red');
    expect(evaluate({ flags: flagsByKey(needs('a', 'b'), needs('b', 'a')), updatedAt: NOW }, 'a', {}).variant).toBe(
      'red',
    );
  });

  it('evaluates a thousand flags, each of which needs the next twice', () => {
    const chain = Array.from({ length: 1_000 }, (_, index) => {
      const needed = `f${index + 1}`;
      const condition = { attribute: needed, op: 'flag', values: ['blue'] } as const;
      const other = { ...condition, values: ['green'] } as const;
      return aFlag(`f${index}`, {
        rules: [
          { if: [other], serve: 'green' },
          { if: [condition], serve: 'blue' },
        ],
      });
    });
    const flags = flagsByKey(...chain, aFlag('f1000', { defaultVariant: 'blue' }));
    expect(evaluate({ flags, updatedAt: NOW }, 'f0', {}).variant).toBe('blue');
    expect(evaluateAll({ flags, updatedAt: NOW }, {})).toHaveLength(1_001);
  });

  it('gives the same result for every context, and never throws', () => {
    const attribute = fc.constantFrom('a', '__proto__', 'constructor', 'targetingKey', 'now', 'toString');
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constantFrom('2027-01-01', '>=1.0.0', 'red', 'f'),
    );
    const condition = fc.record({ attribute, op: fc.constantFrom(...OPS), values: fc.array(value) });
    const serve = fc.oneof(
      fc.constant('blue'),
      fc.constant({
        rollout: [
          ['blue', 1],
          ['red', 1],
        ] as const,
        by: 'a',
      }),
    );
    const rules = fc.array(fc.record({ if: fc.array(condition), serve }));
    const context = fc.dictionary(attribute, fc.anything());
    fc.assert(
      fc.property(rules, context, (given, about) => {
        const first = evaluated({ rules: given }, about);
        expect(evaluated({ rules: given }, about)).toEqual(first);
        expect(['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DEFAULT', 'ERROR']).toContain(first.reason);
      }),
      { numRuns: 3_000 },
    );
  });
});
