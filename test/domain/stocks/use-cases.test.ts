import { beforeEach, describe, expect, it } from '@jest/globals';
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

  it('refuses an unknown stock, an unknown currency and one without a rate', async () => {
    const { valueStock } = world;
    await expect(valueStock.execute('amzn')).rejects.toMatchObject({ code: 'STOCKS_NOT_FOUND' });
    await expect(valueStock.execute('AMZN', ['XAU'])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect(world.asked).toEqual([]);
    await expect(valueStock.execute('AMZN', ['USD', 'XCG'])).rejects.toMatchObject({ code: 'STOCKS_RATE_MISSING' });
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

  it('refuses to value a stock whose own currency has no rate', async () => {
    await world.putStock.execute('ODD', { value: '5', currency: 'XCG' });
    await expect(world.valueStock.execute('ODD', ['USD'])).rejects.toMatchObject({ code: 'STOCKS_RATE_MISSING' });
  });
});

describe('putting a stock', () => {
  it('dates it and keeps its currency unless another is given', async () => {
    const { putStock, findStocks, clock } = stocksWorld();
    const first = await putStock.execute('AMZN', { value: '97.00', currency: 'usd' });
    clock.advance(5);
    const second = await putStock.execute('AMZN', { value: '98' });

    expect(first).toMatchObject({ created: true, stock: { currency: 'USD' } });
    expect(second).toEqual({
      created: false,
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
    expect(Object.fromEntries(rates)).toEqual({ USD: '1.0855', JPY: '185.304', KWD: '0.33', CAD: '1.50' });
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
  });
});
