import { describe, expect, it } from '@jest/globals';
import { freshnessOf, isRecent, refreshFrom, servableUntil } from '../../../src/domain/stocks/freshness.ts';
import { type ConfirmedRates, rateOf, readRates } from '../../../src/domain/stocks/rates.ts';

const table = (fields: Partial<ConfirmedRates> = {}): ConfirmedRates => ({
  source: 'fixer',
  base: 'EUR',
  asOf: 0,
  rates: new Map([['USD', '1.1']]),
  confirmedAt: 0,
  freshUntil: 20_000,
  ...fields,
});

describe('reading what a source publishes', () => {
  it('keeps current currencies with the digits of the source', () => {
    const { rates, warnings } = readRates('EUR', [
      ['USD', '1.0850'],
      ['JPY', '1.8e2'],
      ['BTC', '0.00001'],
      ['XAU', '0.0004'],
      ['BGN', '1.9558'],
      ['__proto__', '1'],
    ]);

    expect(Object.fromEntries(rates)).toEqual({ USD: '1.0850', JPY: '180' });
    expect(warnings).toEqual([]);
  });

  it('leaves out what is not a rate, and says so', () => {
    const { rates, warnings } = readRates('EUR', [
      ['USD', '0'],
      ['GBP', '-1.2'],
      ['JPY', '"NaN"'],
      ['CHF', '1e300'],
      ['NOK', undefined],
      ['DKK', 'null'],
      ['SEK', '11.2'],
    ]);

    expect([...rates]).toEqual([['SEK', '11.2']]);
    expect(warnings).toHaveLength(6);
    expect(warnings[0]).toContain('USD');
  });

  it('holds the base to 1 whatever the source says', () => {
    expect(readRates('EUR', [['EUR', '1.00']])).toEqual({ rates: new Map(), warnings: [] });
    expect(readRates('EUR', [['EUR', '1.000268']]).warnings).toHaveLength(1);
    expect(rateOf(table({ rates: new Map([['EUR', '2']]) }), 'EUR')).toBe('1');
  });

  it.each([
    ['EUR', 'GBX', '86.393'],
    ['EUR', 'GBP', '0.86393'],
    ['GBP', 'GBX', '100'],
    ['EUR', 'ZAC', '2012.3'],
    ['EUR', 'ILA', '400'],
  ])('prices a minor unit at a hundred times its currency: against %s, %s is %s', (base, code, price) => {
    const rates = new Map(Object.entries({ GBP: '0.86393', ZAR: '20.1230', ILS: '4' }));
    expect(rateOf(table({ base, rates }), code)).toBe(price);
  });

  it('has no rate for a currency of which it knows none, nor for a name that every object has', () => {
    for (const name of ['GBP', 'GBX', 'constructor', '__proto__']) expect(rateOf(table(), name)).toBeUndefined();
  });
});

describe('the freshness of a table', () => {
  const rules = { ttlMs: 20_000, maxFreshMs: 3_600_000, maxStaleMs: 3_600_000, maxAsOfAgeMs: 604_800_000 };

  it.each([
    [undefined, 20_000],
    [0, 20_000],
    [10_000, 20_000],
    [60_000, 60_000],
    [86_400_000, 3_600_000],
  ])('with a max-age of %s ms is %s ms', (maxAge, expected) => {
    expect(freshnessOf(maxAge, rules)).toBe(expected);
  });

  it('never passes its limit, not even by the setting for its least', () => {
    expect(freshnessOf(undefined, { ...rules, ttlMs: 7_200_000 })).toBe(3_600_000);
  });

  it('is renewed in its last 10 %, at most 5 s', () => {
    expect(refreshFrom(table({ freshUntil: 20_000 }))).toBe(18_000);
    expect(refreshFrom(table({ freshUntil: 3_600_000 }))).toBe(3_595_000);
  });

  it('is followed by the time in which it may still be served, however long it was fresh', () => {
    expect(servableUntil(table({ freshUntil: 20_000 }), rules)).toBe(3_620_000);
    expect(servableUntil(table({ freshUntil: 3_600_000 }), rules)).toBe(7_200_000);
    expect(servableUntil(table({ freshUntil: 20_000 }), { ...rules, maxStaleMs: 0 })).toBe(20_000);
  });

  it('takes rates whose own time is not too old', () => {
    expect(isRecent(0, 604_800_000, rules)).toBe(true);
    expect(isRecent(0, 604_800_001, rules)).toBe(false);
  });
});
