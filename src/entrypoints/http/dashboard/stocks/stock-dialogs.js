import { openForm } from '../form.js';
import { Problem } from '../service.js';
import { isStock, putStock } from './stocks.js';

/**
 * @import { Field } from '../form.js'
 * @import { Stock } from './stocks.js'
 */

const VALUE_HINT = 'With a point, such as 97.00: up to 18 digits, and 8 more after the point. Kept exactly as written.';
const CURRENCY_HINT = 'A code of ISO 4217; for prices in pence GBX, in South African cents ZAC, in agorot ILA.';

const REFUSAL = 'This value cannot be set. See what is said at the fields.';

/** @type {Field} */
const VALUE = { name: 'value', label: 'Value', hint: VALUE_HINT, required: true, inputmode: 'decimal' };
/** @type {Field} */
const CURRENCY = {
  name: 'currency',
  label: 'Currency',
  hint: CURRENCY_HINT,
  required: true,
  autocapitalize: 'characters',
};

/**
 * Asks for a new stock and creates it.
 *
 * @param {(stock: Stock) => void} onDone
 */
export function openNewStockDialog(onDone) {
  /** @type {readonly Field[]} */
  const fields = [
    { name: 'stock', label: 'Id', hint: 'Letters, digits, dots, _ and -.', required: true, autofocus: true },
    VALUE,
    { ...CURRENCY, value: 'EUR' },
  ];
  const create = async (/** @type {Record<string, string>} */ { stock = '', ...values }) => {
    const id = stock.trim();
    // Setting a value makes a stock or changes one, and nobody who makes one means to change another's.
    if (await isStock(id))
      throw new Problem(`There is a stock "${id}" already. Choose it in the list to change its value.`);
    return putStock(id, draft(values));
  };
  openForm('New stock', {
    name: 'new stock',
    fields,
    action: 'Create the stock',
    send: create,
    onDone,
    refusal: REFUSAL,
  });
}

/**
 * Asks for another value of a stock and sets it.
 *
 * @param {string} stock
 * @param {string} ownCurrency what its value is in now
 * @param {(stock: Stock) => void} onDone
 */
export const openChangeDialog = (stock, ownCurrency, onDone) =>
  openForm(`Change the value of ${stock}`, {
    name: `value of ${stock}`,
    fields: [
      { ...VALUE, autofocus: true },
      { ...CURRENCY, value: ownCurrency, hint: `${CURRENCY_HINT} The value is not converted when you change it.` },
    ],
    action: 'Set the value',
    send: (values) => putStock(stock, draft(values)),
    onDone,
    refusal: REFUSAL,
  });

/** @param {Record<string, string>} values */
const draft = ({ value = '', currency = '' }) => ({ value: value.trim(), currency: currency.trim() });
