import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Stock } from '../../src/domain/stocks/stock.ts';
import type { StockChange, StockStore } from '../../src/ports/stocks.ts';

const NOW = Date.UTC(2026, 0, 1);

const change = (fields: Partial<StockChange> = {}): StockChange => ({
  stockId: 'AMZN',
  value: '97.00',
  currency: undefined,
  updatedAt: NOW,
  ...fields,
});

/** @param make a new, empty store */
export function describeStockStore(name: string, make: () => Promise<StockStore>): void {
  describe(`StockStore: ${name}`, () => {
    let store: StockStore;
    beforeEach(async () => {
      store = await make();
    });

    it('creates a stock in EUR unless its currency is given, and says so', async () => {
      const euros = { stockId: 'AMZN', value: '97.00', currency: 'EUR', updatedAt: NOW };
      const yen = { stockId: 'SONY', value: '3000', currency: 'JPY', updatedAt: NOW };

      expect(await store.get('AMZN')).toBeUndefined();
      expect(await store.put(change())).toEqual({ stock: euros, before: undefined });
      expect(await store.put(yen)).toEqual({ stock: yen, before: undefined });
      expect(await store.get('AMZN')).toEqual(euros);
      expect(await store.get('SONY')).toEqual(yen);
      expect(await store.get('amzn')).toBeUndefined();
    });

    it('replaces a value and keeps the currency unless another is given', async () => {
      const { stock: first } = await store.put(change({ currency: 'USD' }));

      const second = { stockId: 'AMZN', value: '98.5', currency: 'USD', updatedAt: NOW + 1 };
      expect(await store.put(change({ value: '98.5', updatedAt: NOW + 1 }))).toEqual({ stock: second, before: first });
      expect(await store.get('AMZN')).toEqual(second);
      expect((await store.put(change({ currency: 'CHF' }))).stock.currency).toBe('CHF');
      expect((await store.get('AMZN'))?.currency).toBe('CHF');
    });

    it.each(['0', '0.00', '97.00', '97.10000000', '0.00000001', '999999999999999999.99999999', '100000000000000001'])(
      'gives the value %s back digit for digit',
      async (value) => {
        await store.put(change({ value }));

        expect((await store.get('AMZN'))?.value).toBe(value);
        expect((await store.list({ limit: 1 })).items[0]?.value).toBe(value);
      },
    );

    it('creates once when many put the same stock at the same time', async () => {
      const puts = await Promise.all(
        Array.from({ length: 8 }, (_, index) => store.put(change({ value: `${index}.5` }))),
      );

      expect(puts.filter(({ before }) => before === undefined)).toHaveLength(1);
      expect(puts.map(({ stock }) => stock)).toContainEqual(await store.get('AMZN'));
    });

    it('replaces a stock that is as it was seen, for one of many, and no other', async () => {
      expect(await store.replace(undefined, change())).toMatchObject({ before: undefined });
      expect(await store.replace(undefined, change({ value: '1' }))).toBeUndefined();
      const seen = (await store.get('AMZN')) as Stock;
      for (const other of [{ value: '97.0' }, { currency: 'USD' }, { updatedAt: NOW - 1 }])
        expect(await store.replace({ ...seen, ...other }, change({ value: '2' }))).toBeUndefined();
      expect(await store.get('AMZN')).toEqual(seen);

      const puts = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          store.replace(seen, change({ value: `${index}.5`, updatedAt: NOW + 1 })),
        ),
      );
      const [won, ...others] = puts.filter((put) => put !== undefined);
      expect(others).toEqual([]);
      expect(won).toEqual({ stock: await store.get('AMZN'), before: seen });
      expect(won?.stock).toMatchObject({ currency: 'EUR', updatedAt: NOW + 1 });
      expect(await store.replace({ ...seen, stockId: 'MSFT' }, change({ stockId: 'MSFT' }))).toBeUndefined();
      expect(await store.get('MSFT')).toBeUndefined();
    });

    it('lists every stock once, page by page', async () => {
      const ids = ['AMZN', 'a', 'Z-9', 'p__q', 'constructor', 'x'.repeat(64), '0', 'BRK.B', '7203.T', 'a.', 'a..'];
      for (const stockId of ids) await store.put(change({ stockId }));

      const listed: Stock[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list({ limit: 3, cursor });
        expect(page.items.length).toBeLessThanOrEqual(3);
        listed.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== undefined);

      expect(listed.map(({ stockId }) => stockId).sort()).toEqual(ids.sort());
      expect(listed[0]).toMatchObject({ value: '97.00', currency: 'EUR', updatedAt: NOW });
    });

    it('has no next page when there is nothing more', async () => {
      expect(await store.list({ limit: 20 })).toEqual({ items: [] });
      await store.put(change());
      expect((await store.list({ limit: 1 })).nextCursor).toBeUndefined();
    });

    it('deletes a stock that is as it was seen, once, and forgets its currency', async () => {
      const { stock } = await store.put(change({ currency: 'USD' }));
      await store.put(change({ stockId: 'BRK.B' }));
      for (const other of [{ value: '97.0' }, { currency: 'EUR' }, { updatedAt: NOW - 1 }, { stockId: 'amzn' }])
        expect(await store.delete({ ...stock, ...other })).toBe(false);
      expect(await store.get('AMZN')).toEqual(stock);

      expect(await store.delete(stock)).toBe(true);
      expect(await store.delete(stock)).toBe(false);
      expect(await store.get('AMZN')).toBeUndefined();
      expect((await store.list({ limit: 20 })).items.map(({ stockId }) => stockId)).toEqual(['BRK.B']);
      expect(await store.put(change())).toMatchObject({ stock: { currency: 'EUR' }, before: undefined });
    });

    it('deletes once when many delete the same stock at the same time', async () => {
      const { stock } = await store.put(change());
      const deleted = await Promise.all(Array.from({ length: 8 }, () => store.delete(stock)));
      expect(deleted.filter(Boolean)).toHaveLength(1);
    });

    it('goes on with a list behind a stock that has been deleted since', async () => {
      for (const stockId of ['A', 'B', 'C', 'D']) await store.put(change({ stockId }));
      const first = await store.list({ limit: 2 });
      await store.delete(first.items.at(-1) as Stock);
      const { items, nextCursor } = await store.list({ limit: 2, cursor: first.nextCursor });

      expect([...first.items, ...items].map(({ stockId }) => stockId).sort()).toEqual(['A', 'B', 'C', 'D']);
      expect(nextCursor).toBeUndefined();
    });

    it.each(['nonsense', 'e30', '{}', '\u0000'])('refuses %j, which is no cursor', async (cursor) => {
      await store.put(change());
      await expect(store.list({ limit: 1, cursor })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    });
  });
}
