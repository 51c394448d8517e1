import { SideList } from '../side-list.js';
import { SplitPage } from '../split-page.js';
import { formatAmount } from './amounts.js';
import { openNewStockDialog } from './stock-dialogs.js';
import { StockView } from './stock-view.js';
import { listStocks } from './stocks.js';

/**
 * @import { Page } from '../pages.js'
 * @import { Problem } from '../service.js'
 * @import { Stock } from './stocks.js'
 */

/** @param {string} stock */
const hrefOf = (stock) => `#/stocks/${stock}`;

/** The list of stocks, and the values of the one that is chosen: `#/stocks/<stock>/<currencies>`. @type {Page} */
export const stocksPage = {
  name: 'stocks',
  title: 'Stocks',
  mount: (place, signal) =>
    new SplitPage(
      {
        name: 'stocks',
        title: 'Stocks',
        list: stockList,
        add: { label: 'New stock', click: newStock },
        first: (stocks) => stocks[0]?.stock,
        empty: 'There is no stock yet. Key holders can make one.',
        view: (path, list, signal) => {
          const [stock = '', currencies = ''] = path.split('/');
          return new StockView(stock, decoded(currencies), list, signal);
        },
      },
      place,
      signal,
    ),
};

/**
 * @param {(problem?: Problem) => void} onRefresh
 * @param {AbortSignal} signal
 * @returns {SideList<Stock>}
 */
const stockList = (onRefresh, signal) =>
  new SideList(
    {
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
      onRefresh,
    },
    signal,
  );

const newStock = () =>
  openNewStockDialog(({ stock }) => {
    location.hash = hrefOf(stock);
  });

/** @param {string} part of the address, as somebody may have typed it */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
