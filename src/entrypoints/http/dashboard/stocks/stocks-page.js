import { splitPage } from '../split-page.js';
import { formatAmount } from './amounts.js';
import { openNewStockDialog } from './stock-dialogs.js';
import { stockView } from './stock-view.js';
import { listStocks } from './stocks.js';

/**
 * @import { Page } from '../pages.js'
 * @import { Choices } from '../side-list.js'
 * @import { Stock } from './stocks.js'
 */

/** @param {string} stock */
const hrefOf = (stock) => `#/stocks/${stock}`;

/** @type {Choices<Stock>} */
const choices = {
  title: 'Stocks',
  more: 'More stocks',
  load: listStocks,
  count: () => '',
  sections: (stocks) => [{ items: stocks }],
  link: ({ stock, value, currency }) => ({
    href: hrefOf(stock),
    title: stock,
    facts: [`${formatAmount(value)} ${currency}`],
  }),
};

const newStock = () =>
  openNewStockDialog(({ stock }) => {
    location.hash = hrefOf(stock);
  });

/** The list of stocks, and the values of the one that is chosen: `#/stocks/<stock>/<currencies>`. @type {Page} */
export const stocksPage = {
  name: 'stocks',
  title: 'Stocks',
  mount: (place, signal) =>
    splitPage(
      {
        name: 'stocks',
        title: 'Stocks',
        choices,
        add: { label: 'New stock', click: newStock },
        first: (stocks) => stocks[0]?.stock,
        empty: 'There is no stock yet. Key holders can make one.',
        open: (path, list, until) => {
          const [stock = '', currencies = ''] = path.split('/');
          return stockView(stock, decoded(currencies), list, until);
        },
      },
      place,
      signal,
    ),
};

/** @param {string} part of the address, as somebody may have typed it */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
