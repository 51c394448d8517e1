import { Problem, pageQuery, request } from '../service.js';

/**
 * @import { Static } from 'typebox'
 * @import * as schemas from '../../stocks/schemas.ts'
 *
 * @typedef {Static<typeof schemas.StockBody>} Stock
 * @typedef {Static<typeof schemas.ValueBody>} StockValue
 * @typedef {Static<typeof schemas.NewValue>} NewValue
 */

/** @param {string} stock */
const pathOf = (stock) => `stock/${encodeURIComponent(stock)}`;

/**
 * A page of the stocks.
 *
 * @param {string} [cursor]
 */
export async function listStocks(cursor) {
  const { body } = await request('GET', `stock?${pageQuery(cursor)}`);
  const { stocks, nextCursor } = /** @type {Static<typeof schemas.StockList>} */ (body);
  return { items: stocks, nextCursor };
}

/**
 * The values of a stock, each a decimal string that never becomes a number, which would lose digits.
 *
 * @param {string} stock
 * @param {string} currencies with commas between them; those of the service if empty
 * @param {AbortSignal} [signal]
 * @returns {Promise<StockValue>}
 * @throws {Problem}
 */
export async function valueStock(stock, currencies, signal) {
  const query = currencies === '' ? '' : `?${new URLSearchParams({ currencies })}`;
  return /** @type {StockValue} */ ((await request('GET', pathOf(stock) + query, { signal })).body);
}

/**
 * Sets the value of a stock.
 *
 * @param {string} stock
 * @param {NewValue} value
 * @returns {Promise<Stock>}
 */
export const putStock = async (stock, value) =>
  /** @type {Stock} */ ((await request('PUT', pathOf(stock), { body: value, withKey: true })).body);

/**
 * Whether there is a stock of that id, valued or not.
 *
 * @param {string} stock
 */
export async function isStock(stock) {
  try {
    await valueStock(stock, '');
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === 'STOCKS_NOT_FOUND') return false;
    // Only the values of a stock can be without rates.
    if (error.code?.startsWith('STOCKS_RATE')) return true;
    throw error;
  }
}
