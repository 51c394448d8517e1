import { describe, expect, it } from '@jest/globals';
import { assertFits, assertValid } from '../../../src/domain/flags/check-flag.ts';
import type { FlagDefinition } from '../../../src/domain/flags/flag.ts';
import { aFlag, flagsByKey, ruleIf } from '../../helpers/flags.ts';

function issuesOf(fields: Partial<FlagDefinition>, others = flagsByKey()): string[] {
  try {
    assertValid(aFlag('f', fields));
    assertFits(aFlag('f', fields), others);
    return [];
  } catch (error) {
    const { code, issues } = error as { code: string; issues: { path: string }[] };
    expect(code).toBe('INVALID_REQUEST');
    return issues.map(({ path }) => path);
  }
}

describe('a definition', () => {
  it.each<[paths: string[], fields: Partial<FlagDefinition>]>([
    [[], {}],
    [[], { type: 'object', variants: { red: { a: [1] }, blue: {} } }],
    [['variants.blue'], { type: 'object', variants: { red: {}, blue: [] as never } }],
    [['variants.red'], { type: 'object', variants: { red: null as never } }],
    [['variants.red'], { type: 'number', variants: { red: '1' } }],
    [['defaultVariant'], { defaultVariant: 'constructor' }],
    [['rules[0].serve'], { rules: [{ if: [], serve: 'toString' }] }],
    [
      ['rules[0].serve.rollout[1][0]'],
      {
        rules: [
          {
            if: [],
            serve: {
              rollout: [
                ['red', 1],
                ['pink', 1],
              ],
            },
          },
        ],
      },
    ],
    [
      ['rules[0].serve.rollout[1][0]'],
      {
        rules: [
          {
            if: [],
            serve: {
              rollout: [
                ['red', 1],
                ['red', 1],
              ],
            },
          },
        ],
      },
    ],
    [['rules[0].serve.rollout'], { rules: [{ if: [], serve: { rollout: [['red', 0]] } }] }],
    [
      ['rules[0].serve.rollout'],
      {
        rules: [
          {
            if: [],
            serve: {
              rollout: [
                ['red', 2 ** 31 - 1],
                ['blue', 1],
              ],
            },
          },
        ],
      },
    ],
    [
      [],
      {
        rules: [
          {
            if: [],
            serve: {
              rollout: [
                ['red', 2 ** 31 - 2],
                ['blue', 1],
              ],
            },
          },
        ],
      },
    ],
    [['rules[0].if[0].values'], { rules: ruleIf('a', 'in') }],
    [['rules[0].if[0].values'], { rules: ruleIf('a', 'lt', 1, 2) }],
    [['rules[0].if[0].values[0]'], { rules: ruleIf('a', 'lt', 'one') }],
    [['rules[0].if[0].values[1]'], { rules: ruleIf('a', 'semver', '>=1.0.0', '1.0') }],
    [['rules[0].if[0].values[0]'], { rules: ruleIf('a', 'after', '2027-02-30') }],
    [['rules[0].if[0].values[0]'], { rules: ruleIf('a', 'exists', 'yes') }],
    [['rules[0].if[0].values[0]'], { rules: ruleIf('a', 'startsWith', 1) }],
    [[], { rules: ruleIf('a', 'exists') }],
    [['rules[0].if[0].op'], { rules: ruleIf('now', 'in', '2027-01-01') }],
    [[], { rules: ruleIf('now', 'after', '2027-01-01') }],
    [['rules[0].if[0].attribute'], { rules: ruleIf('gone', 'flag', 'blue') }],
    [['rules[0].if[0].values[0]'], { rules: ruleIf('g', 'flag', 'pink') }],
    [[], { rules: ruleIf('g', 'flag', 'blue') }],
    [['body'], { description: 'é'.repeat(8_192) }],
  ])('has mistakes at %j', (paths, fields) => {
    expect(issuesOf(fields, flagsByKey(aFlag('g')))).toEqual(paths);
  });

  it('may not need itself, however far around', () => {
    const needs = (key: string, needed: string) => aFlag(key, { rules: ruleIf(needed, 'flag', 'blue') });
    const others = flagsByKey(needs('b', 'c'), needs('c', 'd'), needs('d', 'f'), aFlag('f'));
    expect(() => assertFits(needs('f', 'b'), others)).toThrow(
      expect.objectContaining({ code: 'FLAGS_CYCLE', message: expect.stringContaining('f → b → c → d → f') }),
    );
    expect(() => assertFits(needs('f', 'f'), flagsByKey())).toThrow(expect.objectContaining({ code: 'FLAGS_CYCLE' }));
    expect(() => assertFits(needs('e', 'b'), others)).not.toThrow();
    // What the flag needed before its change no longer counts.
    expect(() => assertFits(aFlag('d'), others)).not.toThrow();
  });
});
