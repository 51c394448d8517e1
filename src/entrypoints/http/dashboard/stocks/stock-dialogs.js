import { openDialog } from '../dialog.js';
import { element } from '../dom.js';
import { Form, field } from '../form.js';
import { Problem } from '../service.js';
import { isStock, putStock } from './stocks.js';

/** @import { Stock } from './stocks.js' */

const VALUE_HINT = 'With a point, such as 97.00: up to 18 digits, and 8 more after the point. Kept exactly as written.';
const CURRENCY_HINT = 'A code of ISO 4217; for prices in pence GBX, in South African cents ZAC, in agorot ILA.';
const REFUSAL = 'This value cannot be set. See what is said at the fields.';

/**
 * Asks for a new stock and creates it.
 *
 * @param {(stock: Stock) => void} onDone
 */
export const openNewStockDialog = (onDone) =>
  openDialog('New stock', (close) => {
    const id = textField('stock', { autofocus: true });
    const value = valueInput();
    const currency = currencyInput('EUR');
    const create = async () => {
      const stock = id.value.trim();
      // Setting a value makes a stock or changes one, and nobody who makes one means to change another's.
      if (await isStock(stock))
        throw new Problem(`There is a stock "${stock}" already. Choose it in the list to change its value.`);
      return putStock(stock, draft(value, currency));
    };
    const form = new Form({
      name: 'new stock',
      fields: [
        field('Id', id, 'Letters, digits, dots, _ and -.'),
        field('Value', value, VALUE_HINT),
        field('Currency', currency, CURRENCY_HINT),
      ],
      action: 'Create the stock',
      send: create,
      onDone: (stock) => {
        close();
        onDone(stock);
      },
      onCancel: close,
      refusal: REFUSAL,
    });
    return form.element;
  });

/**
 * Asks for another value of a stock and sets it.
 *
 * @param {string} stock
 * @param {string} ownCurrency what its value is in now
 * @param {(stock: Stock) => void} onDone
 */
export const openChangeDialog = (stock, ownCurrency, onDone) =>
  openDialog(`Change the value of ${stock}`, (close) => {
    const value = valueInput();
    const currency = currencyInput(ownCurrency);
    value.autofocus = true;
    const form = new Form({
      name: `value of ${stock}`,
      fields: [
        field('Value', value, VALUE_HINT),
        field('Currency', currency, `${CURRENCY_HINT} The value is not converted when you change it.`),
      ],
      action: 'Set the value',
      send: () => putStock(stock, draft(value, currency)),
      onDone: (changed) => {
        close();
        onDone(changed);
      },
      onCancel: close,
      refusal: REFUSAL,
    });
    return form.element;
  });

/**
 * @param {HTMLInputElement} value
 * @param {HTMLInputElement} currency
 */
const draft = (value, currency) => ({ value: value.value.trim(), currency: currency.value.trim() });

const valueInput = () => textField('value', { inputmode: 'decimal' });

/** @param {string} value */
const currencyInput = (value) => textField('currency', { autocapitalize: 'characters', value });

/**
 * @param {string} name
 * @param {Record<string, string | boolean>} attributes
 */
const textField = (name, attributes) =>
  element('input', {
    name,
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    autocapitalize: 'none',
    ...attributes,
  });
