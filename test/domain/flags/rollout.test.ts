import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Rollout } from '../../../src/domain/flags/flag.ts';
import { murmur3 } from '../../../src/domain/flags/murmur3.ts';
import { MAX_TOTAL_WEIGHT, placeOf, soleVariant, variantOf } from '../../../src/domain/flags/rollout.ts';
import { utf8 } from '../../../src/domain/flags/utf8.ts';

const quarters: Rollout['rollout'] = [
  ['red', 25],
  ['blue', 25],
  ['green', 25],
  ['yellow', 25],
];
const halves: Rollout['rollout'] = [
  ['blue', 50],
  ['green', 50],
];

describe('a rollout', () => {
  // From the tests of flagd's own evaluator, core/pkg/evaluator/fractional_test.go, and of flagd-testbed (fractional-v2).
  it.each([
    ['headerColor', 'rachel@faas.com', quarters, 'blue'],
    ['headerColor', 'monica@faas.com', quarters, 'yellow'],
    ['headerColor', 'joey@faas.com', quarters, 'red'],
    ['headerColor', 'ross@faas.com', quarters, 'blue'],
    ['my-seed', 'rachel@faas.com', quarters, 'green'],
    ['my-seed', 'monica@faas.com', quarters, 'red'],
    ['my-seed', 'joey@faas.com', quarters, 'blue'],
    ['my-seed', 'ross@faas.com', quarters, 'green'],
    ['', 'ross@faas.com', quarters, 'red'],
    ['headerColor', 'foo@foo.com', halves, 'green'],
    ['fractional-flag', 'jack', quarters, 'green'],
    ['fractional-flag', 'queen', quarters, 'yellow'],
    ['fractional-flag', 'ten', quarters, 'red'],
    ['fractional-flag', 'nine', quarters, 'blue'],
    ['fractional-flag', '3', quarters, 'red'],
    ['fractional-flag-shorthand', 'jon@company.com', halves, 'blue'],
    ['fractional-flag-shorthand', 'jane@company.com', halves, 'green'],
    ['shared-seed', 'seven', quarters, 'green'],
    ['shared-seed', 'eight', quarters, 'blue'],
    ['shared-seed', 'nine', quarters, 'red'],
    ['shared-seed', 'two', quarters, 'yellow'],
  ] as const)('of %j gives %j the variant that flagd gives', (key, unit, rollout, variant) => {
    expect(variantOf({ rollout }, key, unit)).toBe(variant);
  });

  // Reference values of MurmurHash3_x86_32 with seed 0.
  it.each([
    ['', 0],
    ['a', 0x3c2569b2],
    ['ab', 0x9bbfd75f],
    ['abc', 0xb3dd93fa],
    ['aaaa', 0x7eeed987],
    ['test', 0xba6bd213],
    ['Hello, world!', 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ])('hashes %j as MurmurHash3 does', (text, hash) => {
    expect(murmur3(text)).toBe(hash);
  });

  it('writes UTF-8 as Node does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect([...utf8(text)]).toEqual([...new TextEncoder().encode(text)]);
      }),
    );
    expect([...utf8('\ud800x')]).toEqual([...new TextEncoder().encode('\ud800x')]);
  });

  it('shares hashes out exactly, with all of their bits', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.integer({ min: 1, max: MAX_TOTAL_WEIGHT }), (hash, total) => {
        expect(placeOf(hash, total)).toBe(Number((BigInt(hash) * BigInt(total)) >> 32n));
      }),
      { examples: [[2 ** 32 - 1, MAX_TOTAL_WEIGHT]], numRuns: 1_000 },
    );
  });

  it('takes nobody out of a variant whose share rises while that of no other does', () => {
    const shares = fc.array(fc.nat(1_000), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(shares, fc.nat(), fc.array(fc.nat(500)), fc.nat(500), fc.string(), (before, at, less, more, unit) => {
        const raised = at % before.length;
        const after = before.map((weight, index) => Math.max(0, weight - (index === raised ? 0 : (less[index] ?? 0))));
        // What the others lose goes to the one; a weight on top of that makes all their shares smaller.
        const lost = before.reduce((sum, weight, index) => sum + weight - (after[index] as number), 0);
        after[raised] = (after[raised] as number) + lost + more;
        const rolloutOf = (weights: readonly number[]): Rollout => ({
          rollout: weights.map((weight, index) => [String(index), weight]),
        });
        if (variantOf(rolloutOf(before), 'flag', unit) === String(raised))
          expect(variantOf(rolloutOf(after), 'flag', unit)).toBe(String(raised));
      }),
      { numRuns: 5_000 },
    );
  });

  it('gives each variant its share, whatever other flags give the same users', () => {
    const users = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
    const inTenth = (key: string) => users.filter((user) => variantOf(tenth, key, user) === 'blue');
    const tenth: Rollout = {
      rollout: [
        ['blue', 1],
        ['red', 9],
      ],
    };

    const first = inTenth('first');
    expect(first.length).toBeGreaterThan(1_850);
    expect(first.length).toBeLessThan(2_150);
    const both = new Set(inTenth('second'));
    const shared = first.filter((user) => both.has(user)).length;
    expect(shared).toBeGreaterThan(150);
    expect(shared).toBeLessThan(250);
  });

  it('knows the variant that everybody has', () => {
    expect(
      soleVariant({
        rollout: [
          ['red', 0],
          ['blue', 7],
        ],
      }),
    ).toBe('blue');
    expect(
      soleVariant({
        rollout: [
          ['red', 1],
          ['blue', 7],
        ],
      }),
    ).toBeUndefined();
  });
});
