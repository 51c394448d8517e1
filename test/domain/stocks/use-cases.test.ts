import { beforeEach, describe, expect, it } from '@jest/globals';
import { BigNumber } from 'bignumber.js';
import fc from 'fast-check';
import { ValueStock } from '../../../src/domain/stocks/value-stock.ts';
import type { StockStore } from '../../../src/ports/stocks.ts';
import { overriding } from '../../helpers/overriding.ts';
import { stocksWorld } from '../../helpers/stocks-world.ts';

describe('valuing a stock', () => {
  let world: ReturnType<typeof stocksWorld>;
  beforeEach(async () => {
    world = stocksWorld();
    await world.putStock.execute('AMZN', { value: '97.00' });
  });

  it('gives its own currency first, then those asked for, each with its digits', async () => {
    const { values, rates } = await world.valueStock.execute('AMZN', ['JPY', 'usd', 'KWD', 'USD']);

    expect([...values]).toEqual([
      ['EUR', '97.00'],
      ['JPY', '17974'],
      ['USD', '105.29'],
      ['KWD', '32.010'],
    ]);
    expect(rates).toEqual({
      base: 'EUR',
      source: 'frankfurter',
      asOf: Date.UTC(2025, 11, 31),
      ageSeconds: 0,
      stale: false,
    });
  });

  it('goes through the base for a stock in another currency', async () => {
    await world.putStock.execute('SONY', { value: '3000', currency: 'jpy' });
    const { values } = await world.valueStock.execute('SONY', ['USD', 'EUR']);

    // 3000 × 1.0855 ÷ 185.304 = 17.5738… and 3000 ÷ 185.304 = 16.1896…
    expect([...values]).toEqual([
      ['JPY', '3000'],
      ['USD', '17.57'],
      ['EUR', '16.19'],
    ]);
  });

  it('takes the default currencies if none are named', async () => {
    const { values } = await world.valueStock.execute('AMZN');
    expect([...values.keys()]).toEqual(['EUR', 'USD', 'CAD']);
  });

  it('needs no rates for the own currency alone, and rounds it to its digits', async () => {
    await world.putStock.execute('AMZN', { value: '97.005' });

    expect(await world.valueStock.execute('AMZN', ['EUR', 'eur'])).toEqual({
      stock: expect.objectContaining({ stockId: 'AMZN', value: '97.005', currency: 'EUR' }),
      values: new Map([['EUR', '97.01']]),
      missing: [],
      rates: undefined,
    });
    expect(world.asked).toEqual([]);
  });

  it('rounds ties as configured', async () => {
    const even = stocksWorld('half-even');
    await even.putStock.execute('AMZN', { value: '0.03' });
    await world.putStock.execute('AMZN', { value: '0.03' });

    // 0.03 × 1.50 = 0.045
    expect((await world.valueStock.execute('AMZN', ['CAD'])).values.get('CAD')).toBe('0.05');
    expect((await even.valueStock.execute('AMZN', ['CAD'])).values.get('CAD')).toBe('0.04');
  });

  it('says how old the rates are and when they are past their freshness', async () => {
    world.clock.advance(19_999);
    expect((await world.valueStock.execute('AMZN')).rates).toMatchObject({ ageSeconds: 19, stale: false });
    world.clock.advance(1);
    expect((await world.valueStock.execute('AMZN')).rates).toMatchObject({ ageSeconds: 20, stale: true });
  });

  it('refuses an unknown stock and an unknown currency', async () => {
    const { valueStock } = world;
    await expect(valueStock.execute('amzn')).rejects.toMatchObject({ code: 'STOCKS_NOT_FOUND' });
    await expect(valueStock.execute('AMZN', ['XAU'])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect(world.asked).toEqual([]);
  });

  it('names the currencies without a rate, and gives the others', async () => {
    const { values, missing } = await world.valueStock.execute('AMZN', ['XCG', 'USD', 'htg', 'EUR', 'XCG']);

    expect(Object.fromEntries(values)).toEqual({ EUR: '97.00', USD: '105.29' });
    expect(missing).toEqual(['XCG', 'HTG']);
  });

  it.each([
    ['AMZN', ['XCG'], 'XCG'],
    ['AMZN', ['EUR', 'XCG', 'HTG'], 'XCG, HTG'],
    // It is not for want of dollars.
    ['ODD', ['USD', 'EUR'], 'XCG'],
  ])('refuses to value %s in %j only, and names what has no rate: %s', async (stockId, currencies, names) => {
    await world.putStock.execute('ODD', { value: '5', currency: 'XCG' });

    await expect(world.valueStock.execute(stockId, currencies)).rejects.toMatchObject({
      code: 'STOCKS_RATE_MISSING',
      message: expect.stringMatching(new RegExp(` for ${names}\\.$`)),
    });
  });

  it('is never refused for the default currencies, which nobody asked for', async () => {
    const { clock, stocks, exchangeRates } = world;
    const valueStock = new ValueStock(stocks, exchangeRates, clock, ['XCG'], 'half-up');
    await world.putStock.execute('ODD', { value: '5', currency: 'HTG' });

    expect(await valueStock.execute('AMZN')).toMatchObject({ values: new Map([['EUR', '97.00']]), missing: ['XCG'] });
    expect(await world.valueStock.execute('ODD')).toMatchObject({
      values: new Map([['HTG', '5.00']]),
      missing: ['USD', 'CAD'],
    });
  });

  it.each([
    ['0.000365', 'GBP', 6, { GBP: '0.000365', USD: '0.000459' }],
    ['0.000365', 'GBP', 8, { GBP: '0.00036500', USD: '0.00045861' }],
    ['0.000365', 'GBP', undefined, { GBP: '0.00', USD: '0.00' }],
    ['1.5', 'JPY', 0, { JPY: '2', USD: '0' }],
    ['97.125', 'EUR', 1, { EUR: '97.1', USD: '105.4' }],
  ])('shows %s %s as it was put, and its values with %s digits', async (value, currency, digits, expected) => {
    await world.putStock.execute('SMALL', { value, currency });
    const shown = await world.valueStock.execute('SMALL', ['USD'], digits);

    expect(shown.stock).toMatchObject({ value, currency });
    expect(Object.fromEntries(shown.values)).toEqual(expected);
  });

  describe('that is priced in pence', () => {
    beforeEach(async () => {
      await world.putStock.execute('VOD', { value: '77.34', currency: 'GBp' });
    });

    it('counts a hundredth of each pound', async () => {
      const { stock, values } = await world.valueStock.execute('VOD', ['USD', 'EUR', 'GBP', 'gbx']);

      expect(stock.currency).toBe('GBX');
      // 0.7734 × 1.0855 ÷ 0.86393 = 0.97174… and 0.7734 ÷ 0.86393 = 0.89521…
      expect(Object.fromEntries(values)).toEqual({ GBX: '77.34', USD: '0.97', EUR: '0.90', GBP: '0.77' });
    });

    it('needs no rates for pounds', async () => {
      world.rates.rates.delete('GBP');

      expect(await world.valueStock.execute('VOD', ['GBP'], 4)).toMatchObject({
        values: new Map([
          ['GBX', '77.3400'],
          ['GBP', '0.7734'],
        ]),
        rates: undefined,
      });
      expect(world.asked).toEqual([]);
      expect(await world.valueStock.execute('VOD', ['GBP', 'USD'])).toMatchObject({ missing: ['USD'] });
      await expect(world.valueStock.execute('VOD', ['USD'])).rejects.toMatchObject({
        message: expect.stringMatching(/ for GBX\.$/),
      });
    });
  });

  describe('whose currency has been withdrawn', () => {
    beforeEach(async () => {
      await world.stocks.put({ stockId: 'OLD', value: '12.345', currency: 'BGN', updatedAt: 0 });
    });

    it.each([[undefined], [['USD', 'JPY']], [['USD']]])('shows it, and all others as missing: %j', async (asked) => {
      const { stock, values, missing } = await world.valueStock.execute('OLD', asked);
      const { value, currency } = stock;

      expect({ value, currency, ...Object.fromEntries(values) }).toEqual({
        value: '12.345',
        currency: 'BGN',
        BGN: '12.35',
      });
      expect(missing).toEqual(asked ?? ['USD', 'CAD']);
    });

    it('takes the code nowhere', async () => {
      await expect(world.valueStock.execute('OLD', ['BGN'])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });

    it('lists it, keeps it for a new value, and takes it anew in a current one', async () => {
      expect((await world.findStocks.list({ limit: 5 })).items).toContainEqual(
        expect.objectContaining({ stockId: 'OLD', currency: 'BGN' }),
      );
      expect((await world.putStock.execute('OLD', { value: '13' })).stock.currency).toBe('BGN');
      await world.putStock.execute('OLD', { value: '6.31', currency: 'EUR' });
      expect((await world.valueStock.execute('OLD', ['USD'])).missing).toEqual([]);
    });
  });

  it('tells whoever has the rates how much of the time is spent', async () => {
    const { stocks, clock, rates } = world;
    const slow = overriding<StockStore>(stocks, {
      get: (stockId) => {
        clock.advance(700);
        return stocks.get(stockId);
      },
    });
    const spent: (number | undefined)[] = [];
    const exchangeRates = {
      latest: async (spentMs?: number) => {
        spent.push(spentMs);
        return rates;
      },
    };
    await new ValueStock(slow, exchangeRates, clock, ['USD'], 'half-up').execute('AMZN');

    expect(spent).toEqual([700]);
  });
});

describe('putting a stock', () => {
  it('dates it and keeps its currency unless another is given', async () => {
    const { putStock, findStocks, clock } = stocksWorld();
    const first = await putStock.execute('AMZN', { value: '97.00', currency: 'usd' });
    clock.advance(5);
    const second = await putStock.execute('AMZN', { value: '98' });

    expect(first).toMatchObject({ before: undefined, stock: { currency: 'USD' } });
    expect(second).toEqual({
      before: first.stock,
      stock: { stockId: 'AMZN', value: '98', currency: 'USD', updatedAt: clock.now() },
    });
    expect((await findStocks.list({ limit: 20 })).items).toEqual([second.stock]);
  });

  it('refuses what is no currency', async () => {
    const { putStock } = stocksWorld();
    await expect(putStock.execute('A', { value: '1', currency: 'BGN' })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      issues: [{ path: 'currency' }],
    });
  });
});

describe('listing rates', () => {
  it('gives the source’s own digits against its base', async () => {
    const { listRates } = stocksWorld();
    const { base, rates } = await listRates.execute({});

    expect(base).toBe('EUR');
    expect(Object.fromEntries(rates)).toEqual({
      USD: '1.0855',
      JPY: '185.304',
      KWD: '0.33',
      CAD: '1.50',
      GBP: '0.86393',
    });
  });

  it('crosses to another base with 10 significant digits', async () => {
    const { listRates } = stocksWorld();

    const all = await listRates.execute({ base: 'usd' });
    expect(all.base).toBe('USD');
    expect(Object.fromEntries(all.rates)).toEqual({
      EUR: '0.9212344542',
      JPY: '170.7084293',
      KWD: '0.3040073699',
      CAD: '1.381851681',
      GBP: '0.7958820820',
    });
    const some = await listRates.execute({ base: 'USD', currencies: ['JPY', 'USD', 'jpy'] });
    expect(Object.fromEntries(some.rates)).toEqual({ JPY: '170.7084293', USD: '1' });
  });

  it('refuses what is no currency and what has no rate', async () => {
    const { listRates } = stocksWorld();
    await expect(listRates.execute({ base: 'ANG' })).rejects.toMatchObject({ issues: [{ path: 'base' }] });
    await expect(listRates.execute({ currencies: ['ANG'] })).rejects.toMatchObject({
      issues: [{ path: 'currencies' }],
    });
    await expect(listRates.execute({ base: 'XCG' })).rejects.toMatchObject({ code: 'STOCKS_RATE_MISSING' });
    await expect(listRates.execute({ currencies: ['XCG'] })).rejects.toMatchObject({ code: 'STOCKS_RATE_MISSING' });
    await expect(listRates.execute({ currencies: ['EUR', 'XCG'] })).rejects.toMatchObject({
      code: 'STOCKS_RATE_MISSING',
    });
  });

  it('names what has no rate beside what has', async () => {
    const { rates, missing } = await stocksWorld().listRates.execute({ currencies: ['XCG', 'USD', 'HTG'] });
    expect([Object.fromEntries(rates), missing]).toEqual([{ USD: '1.0855' }, ['XCG', 'HTG']]);
  });

  it.each([
    ['EUR', 'GBX', '86.393'],
    ['GBX', 'EUR', '0.01157501186'],
    ['GBX', 'GBP', '0.01000000000'],
    ['GBP', 'GBp', '100.0000000'],
    ['GBX', 'GBX', '1'],
  ])('has prices of minor units: 1 %s in %s is %s', async (base, currency, price) => {
    const listed = await stocksWorld().listRates.execute({ base, currencies: [currency] });
    expect([listed.base, ...listed.rates.values()]).toEqual([base, price]);
  });
});

describe('converting an amount', () => {
  it('gives it in the currencies that are asked for, or in the default ones', async () => {
    const { convertAmount } = stocksWorld();
    const converted = await convertAmount.execute({ amount: '12.50', from: 'eur', to: ['USD', 'JPY', 'usd', 'HTG'] });

    expect(converted).toMatchObject({
      amount: '12.50',
      from: 'EUR',
      missing: ['HTG'],
      rates: { source: 'frankfurter' },
    });
    expect(Object.fromEntries(converted.values)).toEqual({ USD: '13.57', JPY: '2316' });
    const defaults = await convertAmount.execute({ amount: '1', from: 'USD', digits: 6 });
    expect(Object.fromEntries(defaults.values)).toEqual({ USD: '1.000000', CAD: '1.381852' });
  });

  it('needs no rates within one currency', async () => {
    const { convertAmount, asked } = stocksWorld();
    const { values, rates } = await convertAmount.execute({ amount: '7734.5', from: 'GBX', to: ['GBP', 'GBX'] });

    expect([Object.fromEntries(values), rates]).toEqual([{ GBP: '77.35', GBX: '7734.50' }, undefined]);
    expect(asked).toEqual([]);
  });

  it('refuses what is no currency, and where nothing can be had', async () => {
    const { convertAmount } = stocksWorld();
    const refusal = (from: string, to: string) => convertAmount.execute({ amount: '1', from, to: to.split(',') });

    await expect(refusal('BGN', 'EUR')).rejects.toMatchObject({ issues: [{ path: 'from' }] });
    await expect(refusal('EUR', 'Usd')).rejects.toMatchObject({ issues: [{ path: 'to' }] });
    for (const [from, to] of [
      ['EUR', 'XCG'],
      ['EUR', 'EUR,XCG'],
      ['XCG', 'USD,CAD'],
    ] as const)
      await expect(refusal(from, to)).rejects.toMatchObject({
        code: 'STOCKS_RATE_MISSING',
        message: expect.stringMatching(/ for XCG\.$/),
      });
  });

  it('is, in minor units, a hundred times what it is in their currency, before it is rounded', async () => {
    const { convertAmount } = stocksWorld();
    const amounts = fc.tuple(fc.bigInt(0n, 10n ** 18n), fc.integer({ min: 0, max: 6 }));
    await fc.assert(
      fc.asyncProperty(amounts, fc.constantFrom('EUR', 'USD', 'JPY', 'GBP', 'GBX'), async ([units, places], from) => {
        const amount = new BigNumber(units.toString()).shiftedBy(-places).toFixed();
        const inPounds = await convertAmount.execute({ amount, from, to: ['GBP'], digits: 8 });
        const inPence = await convertAmount.execute({ amount, from, to: ['GBX'], digits: 6 });
        // Both are the same digits with the point elsewhere, rounded at the same one.
        const pounds = new BigNumber(inPounds.values.get('GBP') as string);
        expect(pounds.shiftedBy(2).toFixed(6)).toBe(inPence.values.get('GBX'));
      }),
    );
  });

  it('is, from minor units, what a hundredth of it is from their currency', async () => {
    const { convertAmount } = stocksWorld();
    const to = ['EUR', 'USD', 'JPY', 'KWD', 'GBP', 'GBX'];
    await fc.assert(
      fc.asyncProperty(fc.bigInt(0n, 10n ** 18n), async (units) => {
        const pounds = new BigNumber(units.toString()).shiftedBy(-4).toFixed();
        const pence = new BigNumber(units.toString()).shiftedBy(-2).toFixed();
        const [one, other] = [
          await convertAmount.execute({ amount: pounds, from: 'GBP', to }),
          await convertAmount.execute({ amount: pence, from: 'GBX', to }),
        ];
        expect([...other.values]).toEqual([...one.values]);
      }),
    );
  });
});

describe('deleting a stock', () => {
  it('removes it once', async () => {
    const { putStock, deleteStock, valueStock } = stocksWorld();
    await putStock.execute('BRK.B', { value: '1' });
    await deleteStock.execute('BRK.B');

    await expect(valueStock.execute('BRK.B')).rejects.toMatchObject({ code: 'STOCKS_NOT_FOUND' });
    await expect(deleteStock.execute('BRK.B')).rejects.toMatchObject({ code: 'STOCKS_NOT_FOUND' });
  });
});
