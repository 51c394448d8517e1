import { expect } from '@jest/globals';
import { authorization } from '../embedded-app.ts';
import type { HttpRequest } from '../http.ts';
import type { Exchange, Scenario } from './scenario.ts';

const put = (stockId: string, body: object): HttpRequest => ({
  method: 'PUT',
  url: `/stock/${stockId}`,
  headers: authorization,
  body,
});
const valued = (url: string, values: Readonly<Record<string, string>>): Exchange => ({
  request: { url },
  status: 200,
  body: { values, rates: { base: 'EUR', source: 'reference', asOf: '2026-03-18T00:00:00.000Z', stale: true } },
});
const refused = (request: HttpRequest, status: number, code: string): Exchange => ({ request, status, body: { code } });

/** Requests to a service that starts with the stock AMZN, 97.00 EUR, and the reference rates. */
export const stocksScenarios: readonly Scenario[] = [
  {
    what: 'A stock is there from the start, valued in the default currencies',
    exchanges: [
      {
        request: { url: '/stock' },
        status: 200,
        body: { stocks: [{ stock: 'AMZN', value: '97.00', currency: 'EUR' }] },
      },
      valued('/stock/AMZN', { EUR: '97.00', USD: '111.55', CAD: '153.01', AUD: '158.16' }),
    ],
  },
  {
    what: 'A value has the digits of each currency; lower case is taken and doubles are merged',
    exchanges: [
      valued('/stock/AMZN?currencies=jpy,KWD,JPY,kwd,eur,XCG', {
        EUR: '97.00',
        JPY: '17799',
        KWD: '34.201',
        XCG: '199.67',
      }),
    ],
  },
  {
    what: 'The own currency alone needs no rates',
    exchanges: [
      { request: { url: '/stock/AMZN?currencies=EUR' }, status: 200, body: { values: { EUR: '97.00' }, rates: null } },
    ],
  },
  {
    what: 'A stock is created, then changed, and keeps its value as it was given and its currency',
    exchanges: [
      {
        request: put('NIN', { value: '8100.50', currency: 'jpy' }),
        status: 201,
        headers: { location: '/stock/NIN' },
        body: { stock: 'NIN', value: '8100.50', currency: 'JPY' },
      },
      {
        request: put('NIN', { value: '8100.500' }),
        status: 200,
        headers: { location: undefined },
        body: { value: '8100.500', currency: 'JPY' },
      },
      // 8100.5 yen are 8101, and 8100.5 ÷ 183.49 = 44.1468… euros.
      valued('/stock/NIN?currencies=EUR', { JPY: '8101', EUR: '44.15' }),
      { request: put('NIN', { value: '8', currency: 'EUR' }), status: 200, body: { value: '8', currency: 'EUR' } },
      { request: put('huge', { value: '999999999999999999.99999999' }), status: 201 },
      valued('/stock/huge?currencies=IDR', {
        EUR: '1000000000000000000.00',
        IDR: '19543100000000000000000.00',
      }),
    ],
  },
  {
    what: 'Stocks are listed page by page',
    exchanges: [
      { request: put('S-1', { value: '1' }), status: 201 },
      { request: put('S-2', { value: '2' }), status: 201 },
      { request: { url: '/stock?limit=1' }, status: 200, body: { nextCursor: expect.any(String) } },
      { request: { url: '/stock?limit=100' }, status: 200 },
      refused({ url: '/stock?cursor=nonsense' }, 400, 'INVALID_REQUEST'),
    ],
  },
  {
    what: 'Rates are the source’s own, or crossed to another base',
    exchanges: [
      {
        request: { url: '/rates?currencies=USD,EUR' },
        status: 200,
        body: { base: 'EUR', source: 'reference', stale: true, rates: { USD: '1.15', EUR: '1' } },
      },
      {
        request: { url: '/rates?base=usd&currencies=JPY,EUR,USD' },
        status: 200,
        body: { base: 'USD', rates: { JPY: '159.5565217', EUR: '0.8695652174', USD: '1' } },
      },
      { request: { url: '/rates?base=JPY' }, status: 200, body: { base: 'JPY', rates: { EUR: '0.005449888277' } } },
    ],
  },
  {
    what: 'What is not there is said to be so',
    exchanges: [
      refused({ url: '/stock/amzn' }, 404, 'STOCKS_NOT_FOUND'),
      refused({ url: '/stock/amzn?currencies=HTG' }, 404, 'STOCKS_NOT_FOUND'),
      refused({ url: '/stock/AMZN?currencies=USD,HTG' }, 502, 'STOCKS_RATE_MISSING'),
      refused({ url: '/rates?currencies=HTG' }, 502, 'STOCKS_RATE_MISSING'),
      refused({ url: '/rates?base=HTG' }, 502, 'STOCKS_RATE_MISSING'),
    ],
  },
];
