import { describe, expect, it } from '@jest/globals';
import listOne from 'currency-codes';
import {
  CURRENCY_TABLE,
  currencyCodes,
  isCurrency,
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
      expect(() => minorDigits(code)).toThrow(TypeError);
      expect(() => parseCurrency(code, 'base')).toThrow(
        expect.objectContaining({ code: 'INVALID_REQUEST', issues: [expect.objectContaining({ path: 'base' })] }),
      );
    },
  );

  it('takes lower case, and nothing that only looks like letters', () => {
    expect(parseCurrency('usd', 'base')).toBe('USD');
    expect(parseCurrency('Xcg', 'base')).toBe('XCG');
    for (const text of [' USD', 'USD ', 'ＵＳＤ', 'ınr', 'u\u0000d'])
      expect(() => parseCurrency(text, 'base')).toThrow();
  });
});
