import { describe, expect, it } from '@jest/globals';
import { BigNumber } from 'bignumber.js';
import fc from 'fast-check';
import { findLossyNumber } from '../../src/adapters/common/exact-json.ts';

/** Each with a name that is not too long to be read. */
const named = (...literals: readonly string[]) => literals.map((literal) => [literal.slice(0, 30), literal] as const);

describe('a number in JSON text', () => {
  it.each(
    named(
      '0',
      '-0',
      '-0.0e-999',
      '0.1',
      '1.0',
      '1e3',
      '1E+03',
      '6.02214076e23',
      '1e0000000000000000021',
      '1.7976931348623157e308',
      '5e-324',
      '9007199254740992',
      '1000000000000000000000',
      `1.${'0'.repeat(60_000)}`,
      '0.30000000000000004',
      '123456789012345680000',
      '-9007199254740993.0',
      '1e-400',
      '99999999999999.999',
      '3.141592653589793238',
    ),
  )('is kept: %s', (_, literal) => {
    expect(findLossyNumber(literal)).toBeUndefined();
  });

  it.each(
    named(
      '9007199254740993',
      '-9007199254740993',
      '12345678901234567890',
      '1e400',
      '-1e400',
      '1.5e400',
      `1${'0'.repeat(60_000)}`,
    ),
  )('is changed: %s', (_, literal) => {
    expect(findLossyNumber(literal)).toEqual({ path: '', literal });
  });

  it.each([
    ['{"payload":{"id":9007199254740993}}', 'payload.id'],
    ['{"payload":[1,[],{"a":"x"},[[0],1e400]]}', 'payload[3][1]'],
    ['[{"a":"9007199254740993","b":[1,2],"c":9007199254740993}]', '[0].c'],
    [String.raw`{"\\":1e400}`, '\\'],
    [String.raw`{"1,\"[{":[",",{"\u0061\"":1e400}]}`, '1,"[{[1].a"'],
    [`{"${'k'.repeat(100)}":1e400}`, 'k'.repeat(64)],
  ])('is named by its path in %s', (json, path) => {
    expect(JSON.parse(json)).toBeDefined();
    expect(findLossyNumber(json)).toEqual({ path, literal: expect.stringMatching(/^(9007199254740993|1e400)$/) });
  });

  it('is no number in a text', () => {
    const texts = ['9007199254740993', '1e400', '\\', '"', 'a\\"1e400,', '99999999999999999999'];
    expect(findLossyNumber(JSON.stringify({ ...texts, ...Object.fromEntries(texts.map((text) => [text, 1])) }))).toBe(
      undefined,
    );
  });

  it('is kept whatever JSON a program writes', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => !findLossyNumber(JSON.stringify(value))));
    const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(fc.property(anyDouble, (double) => !findLossyNumber(double.toPrecision(17))));
    fc.assert(fc.property(anyDouble, (double) => !findLossyNumber(double.toExponential())));
  });

  it('is kept or changed as decimals say that do not round', () => {
    const digits = (min: number) => fc.stringMatching(/^\d*$/, { maxLength: 25 }).filter((text) => text.length >= min);
    const anyLiteral = fc
      .record({
        sign: fc.constantFrom('', '-'),
        whole: digits(1).map((text) => text.replace(/^0+(?=\d)/, '')),
        fraction: fc.option(digits(1)),
        exponent: fc.option(fc.integer({ min: -330, max: 330 })),
      })
      .map(
        ({ sign, whole, fraction, exponent }) =>
          `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`,
      );
    fc.assert(
      fc.property(anyLiteral, (literal) => {
        const number = Number(literal);
        const isWhole = !/[.e]/.test(literal);
        const printed = () => [String(number), String(BigInt(number))];
        const isKept = () => !isWhole || printed().some((text) => new BigNumber(text).eq(literal));
        expect(findLossyNumber(literal) === undefined).toBe(Number.isFinite(number) && isKept());
      }),
      { numRuns: 2_000 },
    );
  });
});
