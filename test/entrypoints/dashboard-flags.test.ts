import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DASHBOARD_DOMAIN, dashboardDomain } from '../../scripts/dashboard-domain.ts';
import { assertValid } from '../../src/domain/flags/check-flag.ts';
import { type EvaluationContext, evaluate } from '../../src/domain/flags/evaluate.ts';
import type { Condition, Flag, Rule } from '../../src/domain/flags/flag.ts';

const load = async <Module>(name: string): Promise<Module> =>
  (await import(pathToFileURL(resolve('src/entrypoints/http/dashboard/flags', name)).href)) as Module;

interface PathError {
  readonly path: string;
  readonly message: string;
}
type Draft = { rules: { id: string; conditions: { id: string; values: string }[] }[] } & Record<string, unknown>;
const { draftOf, definitionOf, placed } = await load<{
  draftOf(flag: Flag): Draft;
  definitionOf(draft: Draft): { definition: Omit<Flag, 'key'>; errors: readonly PathError[] };
  placed(draft: Draft, errors: readonly PathError[]): readonly { at: string; message: string }[];
}>('draft.js');
const { explain } = await load<{
  explain(
    flags: ReadonlyMap<string, Flag>,
    now: number,
    flag: Flag,
    context: EvaluationContext,
  ): {
    evaluation: unknown;
    steps: readonly { rule: Rule; matches: boolean }[];
    bucket?: { place: number; total: number };
  };
}>('evaluation.js');
const { changesBack, isSame } = await load<{
  changesBack(set: object, changes: readonly object[], to: number): readonly { key: string; were: Flag | null }[];
  isSame(one: Flag | null, other: Flag | null): boolean;
}>('comparison.js');
const { differences } = await load<{
  differences(before: Flag | null, after: Flag | null): readonly { text: string }[];
}>('words.js');

const NOW = Date.UTC(2027, 0, 1);
const RUNS = 200;

const text = fc.oneof(fc.constantFrom('NO', 'SE', 'a b', '1', 'true', ' ', 'two\nlines'), fc.string({ maxLength: 5 }));
const variant = fc.constantFrom('a', 'b', 'c');
const scalar = fc.oneof(text, fc.integer({ min: -5, max: 5 }), fc.boolean());
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    attribute: fc.constantFrom('country', 'age'),
    op: fc.constantFrom('in', 'notIn', 'contains'),
    values: fc.array(scalar, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    attribute: fc.constant('age'),
    op: fc.constantFrom('lt', 'gte'),
    values: fc.tuple(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom('1', '0.10', '12345678901234567890'))),
  }),
  fc.record({ attribute: fc.constant('country'), op: fc.constant('exists'), values: fc.tuple(fc.boolean()) }),
  fc.record({
    attribute: fc.constant('now'),
    op: fc.constantFrom('before', 'after'),
    values: fc.constantFrom(['2026-06-01'], ['2027-06-01T00:00:00Z']),
  }),
  fc.record({ attribute: fc.constant('other'), op: fc.constant('flag'), values: fc.tuple(variant) }),
);
const weights = fc
  .tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 }))
  .filter(([one, other]) => one + other > 0)
  .map(
    ([one, other]) =>
      [
        ['a', one],
        ['b', other],
      ] as const,
  );
const rule: fc.Arbitrary<Rule> = fc.record({
  if: fc.array(condition, { maxLength: 2 }),
  serve: fc.oneof(
    variant,
    weights.map((rollout) => ({ rollout })),
    weights.map((rollout) => ({ rollout, by: 'age' })),
  ),
});
const flag: fc.Arbitrary<Flag> = fc.record({
  key: fc.constant('flag'),
  type: fc.constant('string'),
  variants: fc.constant({ a: 'A', b: '', c: 'c\nd' }),
  defaultVariant: variant,
  state: fc.constantFrom('ENABLED', 'DISABLED'),
  rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
});
const other: Flag = {
  key: 'other',
  type: 'string',
  variants: { a: 'A', b: 'B', c: 'C' },
  defaultVariant: 'a',
  state: 'ENABLED',
  rules: [{ if: [{ attribute: 'age', op: 'in', values: [1, '1'] }], serve: 'b' }],
};
const context: fc.Arbitrary<EvaluationContext> = fc.record(
  { targetingKey: fc.oneof(text, fc.constant(7)), country: scalar, age: fc.oneof(scalar, fc.constant(null)) },
  { requiredKeys: [] },
);
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('what the dashboard knows of flags', () => {
  it('is what the domain knows (`npm run docs` writes it)', async () => {
    expect(readFileSync(DASHBOARD_DOMAIN, 'utf8')).toBe(await dashboardDomain());
  });

  it('explains what the service evaluates: by the same rule, with a place within the weight of the variant', () => {
    fc.assert(
      fc.property(flag, context, (flag, context) => {
        const flags = new Map([flag, other].map((each) => [each.key, each]));
        const { evaluation, steps, bucket } = explain(flags, NOW, flag, context);
        const expected = evaluate({ flags, updatedAt: NOW }, flag.key, context);
        expect(evaluation).toEqual(expected);
        const last = steps[steps.length - 1];
        const serve = last?.matches ? last.rule.serve : flag.defaultVariant;
        if (expected.reason === 'DISABLED') expect(steps).toEqual([]);
        else if (typeof serve === 'string') expect(expected.variant).toBe(serve);
        else {
          const [a = 0, b = 0] = serve.rollout.map(([, weight]) => weight);
          // Where one variant has all of the weight, nobody has to say who they are.
          if (expected.reason === 'SPLIT' && a > 0 && b > 0) expect(bucket).toBeDefined();
          if (bucket) expect(expected.variant).toBe(bucket.place < a ? 'a' : 'b');
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('keeps a flag as it is that is put into fields and out again', () => {
    fc.assert(
      fc.property(flag, (flag) => {
        const { definition, errors } = definitionOf(draftOf(flag));
        expect(errors).toEqual([]);
        expect(asJson({ key: flag.key, ...definition })).toEqual(asJson(flag));
      }),
      { numRuns: RUNS },
    );
  });

  it('finds words for every difference', () => {
    fc.assert(
      fc.property(flag, flag, (one, another) => {
        expect(differences(one, another).length > 0).toBe(!isSame(one, another));
      }),
      { numRuns: RUNS },
    );
  });

  it('has what is wrong stand at its part, wherever that is moved', () => {
    const wrong: Flag = {
      ...other,
      key: 'wrong',
      rules: [
        { if: [], serve: 'a' },
        { if: [{ attribute: 'age', op: 'semver', values: ['>=1.0.0', 'new'] }], serve: 'gone' },
      ],
    };
    const draft = draftOf(wrong);
    const { id, conditions } = draft.rules[1] as Draft['rules'][number];
    let issues: readonly PathError[] = [];
    try {
      assertValid(wrong);
    } catch (error) {
      issues = (error as { issues: readonly PathError[] }).issues;
    }
    expect(placed(draft, issues)).toEqual([
      { at: `${conditions[0]?.id}.values`, message: expect.stringMatching(/^“new” must be a comparison/) },
      { at: `${id}.serve`, message: 'must name one of the variants' },
    ]);
  });

  it('says what going back to a revision changes', () => {
    const now = { ...other, state: 'DISABLED' as const };
    const set = { setId: 'web', revision: 4, flags: [now, { ...other, key: 'new' }, { ...other, key: 'back' }] };
    const changes = [
      { revision: 4, key: 'back', before: { ...other, key: 'back', state: 'DISABLED' } },
      { revision: 3, key: 'back', before: { ...other, key: 'back' } },
      { revision: 3, key: null, before: null },
      { revision: 2, key: 'new', before: null },
      { revision: 2, key: 'other', before: other },
      { revision: 1, key: 'other', before: null },
    ];
    expect(changesBack(set, changes, 1)).toEqual([
      { key: 'new', now: { ...other, key: 'new' }, were: null },
      { key: 'other', now, were: other },
    ]);
  });
});
