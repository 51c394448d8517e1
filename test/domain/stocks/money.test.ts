import { describe, expect, it } from '@jest/globals';
import { BigNumber } from 'bignumber.js';
import fc from 'fast-check';
import { currencyCodes, minorDigits } from '../../../src/domain/stocks/currencies.ts';
import { convert, crossRate, readRate, roundAmount } from '../../../src/domain/stocks/money.ts';
import { conversionCases, conversionMismatches } from '../../helpers/conversions.ts';

describe('converting an amount', () => {
  it('agrees digit for digit with a second decimal library in 20,000 random cases', () => {
    expect(conversionMismatches(20_000, 2026)).toEqual([]);
  });

  it('is tried with real ties, amounts at the limits, all currencies and both roundings in those cases', () => {
    const cases = [...conversionCases(2_000, 2026)];
    const ties = cases.filter(({ amount, from, to, currency }) => {
      const units = new BigNumber(amount).times(to).div(from).shiftedBy(minorDigits(currency));
      return units.minus(units.integerValue(BigNumber.ROUND_DOWN)).eq(0.5);
    });

    expect(ties.length).toBeGreaterThan(300);
    expect(new Set(cases.map(({ currency }) => currency))).toEqual(new Set(currencyCodes));
    for (const limit of ['0', '0.00000001', '999999999999999999.99999999'])
      expect(cases.filter(({ amount }) => amount === limit).length).toBeGreaterThan(5);
    expect(new Set(ties.map(({ rounding }) => rounding)).size).toBe(2);
    expect(cases.filter(({ from }) => /\.\d{12}$/.test(from)).length).toBeGreaterThan(20);
    expect(cases.filter(({ to }) => /\.\d{12}$/.test(to)).length).toBeGreaterThan(20);
  });

  it.each([
    ['97.00', '1', '1.0855', 'USD', '105.29'],
    ['97.00', '1', '185.304', 'JPY', '17974'],
    ['97.00', '1', '0.35259', 'KWD', '34.201'],
    ['4782', '1', '13.5925', 'EUR', '64999.34'],
    ['1234567.89', '1.0855', '185.304', 'JPY', '210751145'],
    ['999999999999999999.99999999', '1', '1', 'CLF', '1000000000000000000.0000'],
    ['0', '1.5', '3', 'JPY', '0'],
    ['0.00', '1.5', '3', 'EUR', '0.00'],
    ['1', '3', '1', 'EUR', '0.33'],
    ['2', '3', '1', 'EUR', '0.67'],
  ])('takes %s with rates %s and %s to %s %s', (amount, from, to, currency, expected) => {
    expect(convert(amount, from, to, currency, 'half-up')).toBe(expected);
  });

  it.each([
    ['0.005', '0.01', '0.00'],
    ['0.015', '0.02', '0.02'],
    ['97.125', '97.13', '97.12'],
    ['97.1250', '97.13', '97.12'],
    ['97.12500001', '97.13', '97.13'],
    ['97.12499999', '97.12', '97.12'],
  ])('rounds %s EUR to %s half-up and to %s half-even', (amount, up, even) => {
    expect(roundAmount(amount, 'EUR', 'half-up')).toBe(up);
    expect(roundAmount(amount, 'EUR', 'half-even')).toBe(even);
    expect(convert(amount, '7', '7', 'EUR', 'half-up')).toBe(up);
    expect(convert(amount, '7', '7', 'EUR', 'half-even')).toBe(even);
  });

  it('sees what lies beyond a tie in a quotient that never ends', () => {
    // 0.0049999… and 0.0050000…1: rounding such a quotient before the last step would show.
    expect(convert('0.01499999', '3', '1', 'EUR', 'half-up')).toBe('0.00');
    expect(convert('0.01500001', '3', '1', 'EUR', 'half-even')).toBe('0.01');
  });
});

describe('a cross rate', () => {
  const rate = fc
    .tuple(fc.bigInt(1n, 10n ** 16n), fc.integer({ min: 0, max: 12 }))
    .map(([digits, places]) => new BigNumber(digits.toString()).shiftedBy(-places).toFixed());

  it('has 10 significant digits and agrees with a second decimal library', () => {
    const Wide = BigNumber.clone({ DECIMAL_PLACES: 80, ROUNDING_MODE: BigNumber.ROUND_DOWN });
    fc.assert(
      fc.property(rate, rate, (from, to) => {
        const expected = new Wide(to).div(from).precision(10, BigNumber.ROUND_HALF_UP);
        const actual = crossRate(from, to);
        expect(new BigNumber(actual).eq(expected)).toBe(true);
        expect(actual.replace('.', '').replace(/^0+/, '').length).toBeGreaterThanOrEqual(10);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['1.0855', '1', '0.9212344542'],
    ['1', '1.5', '1.500000000'],
    ['1000000000000000', '0.000000000000001', '0.000000000000000000000000000001000000000'],
    ['0.000001', '1234567.891234', '1234567891000'],
  ])('from %s to %s is %s', (from, to, expected) => {
    expect(crossRate(from, to)).toBe(expected);
  });
});

describe('reading a rate', () => {
  it.each([
    ['1.0855', '1.0855'],
    ['1.10', '1.10'],
    ['183', '183'],
    ['0.000001', '0.000001'],
    ['123456.123456789012', '123456.123456789012'],
    ['1.5e-7', '0.00000015'],
    ['2E3', '2000'],
    ['1.0855e0', '1.0855'],
  ])('takes %s as %s', (literal, expected) => {
    expect(readRate(literal)).toBe(expected);
  });

  it.each(['0', '0.000', '-1', '-0', 'NaN', 'Infinity', '', ' 1', '1 ', '1,5', '01', '.5', '5.', '0x10', 'null'])(
    'refuses %j',
    (literal) => expect(readRate(literal)).toBeUndefined(),
  );

  it.each(['1e400', '1e-400', '1e999999999999', '1e15000', '1000000000000001', '1e-16', `1.${'0'.repeat(50)}`])(
    'refuses %s, which no rate can be',
    (literal) => expect(readRate(literal)).toBeUndefined(),
  );
});
