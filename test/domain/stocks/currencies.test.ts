import { describe, expect, it } from '@jest/globals';
import listOne from 'currency-codes';
import fc from 'fast-check';
import {
  CURRENCY_TABLE,
  currencyCodes,
  currencyOf,
  isCurrency,
  isPriceUnit,
  isWithdrawn,
  minorDigits,
  parseCurrency,
} from '../../../src/domain/stocks/currencies.ts';

describe('the ISO 4217 table', () => {
  /** SIX's codes without a minor unit ("N.A."), which the package reports as 0. */
  const WITHOUT_MINOR_UNIT = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ');
  const WITHDRAWN_SINCE = ['ANG', 'BGN', 'CUC'];
  const ADDED_SINCE = ['XAD', 'XCG'];

  it('is the list of 2024-06-25 with the amendments since', () => {
    const gone = new Set([...WITHOUT_MINOR_UNIT, ...WITHDRAWN_SINCE]);
    const listed = listOne.codes().filter((code) => !gone.has(code));

    expect(listOne.publishDate).toBe('2024-06-25');
    expect([...currencyCodes].sort()).toEqual([...listed, ...ADDED_SINCE].sort());
    for (const code of listed) expect([code, minorDigits(code)]).toEqual([code, listOne.code(code)?.digits]);
    for (const code of ADDED_SINCE) expect(minorDigits(code)).toBe(2);
  });

  it('has as many codes of each kind as the list of 2026-09-17', () => {
    const withDigits = (digits: number) => currencyCodes.filter((code) => minorDigits(code) === digits).length;

    expect([0, 2, 3, 4].map(withDigits)).toEqual([17, 139, 7, 2]);
    expect(currencyCodes).toHaveLength(165);
    expect(CURRENCY_TABLE.asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  it.each(['XAU', 'XXX', 'XTS', 'ANG', 'BGN', 'CUC', 'HRK', 'USDT', 'BTC', '', 'constructor', '__proto__'])(
    'does not know %j',
    (code) => {
      expect(isCurrency(code)).toBe(false);
      expect(isPriceUnit(code)).toBe(false);
      expect(() => parseCurrency(code, 'base')).toThrow(
        expect.objectContaining({ code: 'INVALID_REQUEST', issues: [expect.objectContaining({ path: 'base' })] }),
      );
    },
  );

  it('takes lower case, and nothing that only looks like letters', () => {
    expect(parseCurrency('usd', 'base')).toBe('USD');
    expect(parseCurrency('xcg', 'base')).toBe('XCG');
    for (const text of [' USD', 'USD ', 'ＵＳＤ', 'ınr', 'u\u0000d'])
      expect(() => parseCurrency(text, 'base')).toThrow();
  });

  it('has no digits for what never was a currency with a minor unit', () => {
    for (const code of ['XAU', 'XXX', 'USDT', '', 'constructor', '__proto__'])
      expect(() => minorDigits(code)).toThrow(TypeError);
  });
});

describe('codes in mixed case', () => {
  it('are refused, with a word on pence, unless it is known what they mean', () => {
    const known = new Map([
      ['GBp', 'GBX'],
      ['ZAc', 'ZAC'],
    ]);
    const letters = fc.constantFrom(...currencyCodes, 'GBX', 'ZAC', 'ZAX', 'ILA', 'BGN', 'QQQ');
    const upper = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(letters, upper, (code, isUpper) => {
        fc.pre(new Set(isUpper).size === 2);
        const text = [...code].map((letter, index) => (isUpper[index] ? letter : letter.toLowerCase())).join('');
        if (known.has(text)) return expect(parseCurrency(text, 'to')).toBe(known.get(text));
        expect(() => parseCurrency(text, 'to')).toThrow(
          expect.objectContaining({
            code: 'INVALID_REQUEST',
            issues: [{ path: 'to', message: expect.stringMatching(/upper case or all in lower case.*pence.*GBX/) }],
          }),
        );
      }),
    );
    for (const [text, code] of known) expect(parseCurrency(text, 'to')).toBe(code);
  });
});

describe('minor units', () => {
  it.each([
    ['GBX', 'GBX', 'GBP'],
    ['gbx', 'GBX', 'GBP'],
    ['GBp', 'GBX', 'GBP'],
    ['ZAC', 'ZAC', 'ZAR'],
    ['zac', 'ZAC', 'ZAR'],
    ['ZAc', 'ZAC', 'ZAR'],
    ['ZAX', 'ZAC', 'ZAR'],
    ['zax', 'ZAC', 'ZAR'],
    ['ILA', 'ILA', 'ILS'],
    ['ila', 'ILA', 'ILS'],
  ])('are taken as %s, called %s, and are a hundredth of %s', (text, code, currency) => {
    expect(parseCurrency(text, 'to')).toBe(code);
    expect(currencyOf(code)).toEqual({ currency, perUnit: '100' });
    expect(minorDigits(code)).toBe(2);
    expect([isPriceUnit(code), isCurrency(code)]).toEqual([true, false]);
    expect(parseCurrency(currency.toLowerCase(), 'to')).toBe(currency);
    expect(currencyOf(currency)).toEqual({ currency, perUnit: '1' });
  });
});

describe('withdrawn currencies', () => {
  it('keep their digits, whatever was current in 2024 or is withdrawn since', () => {
    const listed = listOne.codes().filter((code) => !/^X[A-Z]{2}$/.test(code));
    const unknown = listed.filter((code) => !isCurrency(code) && !isWithdrawn(code));

    expect(unknown).toEqual([]);
    for (const code of listed) expect([code, minorDigits(code)]).toEqual([code, listOne.code(code)?.digits]);
  });

  it.each([
    ['BGN', 2],
    ['HRK', 2],
    ['ANG', 2],
    ['CUC', 2],
    ['SLL', 2],
    ['VEF', 2],
    ['ZWL', 2],
    ['LTL', 2],
    ['LVL', 2],
    ['EEK', 2],
    ['MRO', 2],
    ['STD', 2],
    ['BYR', 0],
    ['ITL', 0],
  ])('%s has %i digits, and cannot be asked for', (code, digits) => {
    expect(minorDigits(code)).toBe(digits);
    expect([isWithdrawn(code), isCurrency(code), isPriceUnit(code)]).toEqual([true, false, false]);
    for (const text of [code, code.toLowerCase()])
      expect(() => parseCurrency(text, 'from')).toThrow(
        expect.objectContaining({
          issues: [{ path: 'from', message: expect.stringContaining(`${code} has been withdrawn`) }],
        }),
      );
  });

  it('are none that are current', () => {
    expect(currencyCodes.filter(isWithdrawn)).toEqual([]);
  });
});
