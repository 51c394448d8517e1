import { expect } from '@jest/globals';
import { authorization } from '../helpers/embedded-app.ts';
import type { HttpRequest } from '../helpers/http.ts';
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
const deletion = (stockId: string): HttpRequest => ({
  method: 'DELETE',
  url: `/stock/${stockId}`,
  headers: authorization,
});
const noRate = (url: string, names: string): Exchange => ({
  request: { url },
  status: 502,
  body: { code: 'STOCKS_RATE_MISSING', detail: `The table of reference has no usable rate for ${names}.` },
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
      noRate('/stock/AMZN?currencies=HTG,GTQ', 'HTG, GTQ'),
      noRate('/stock/AMZN?currencies=EUR,HTG', 'HTG'),
      noRate('/rates?currencies=HTG', 'HTG'),
      noRate('/rates?base=HTG', 'HTG'),
      noRate('/convert?amount=1&from=EUR&to=HTG', 'HTG'),
      noRate('/convert?amount=1&from=HTG&to=USD,JPY', 'HTG'),
    ],
  },
  {
    what: 'What has no rate is named beside what has',
    exchanges: [
      {
        request: { url: '/stock/AMZN?currencies=HTG,USD,GTQ' },
        status: 200,
        body: { values: { EUR: '97.00', USD: '111.55' }, missing: ['HTG', 'GTQ'] },
      },
      {
        request: { url: '/rates?currencies=USD,HTG' },
        status: 200,
        body: { rates: { USD: '1.15' }, missing: ['HTG'] },
      },
      {
        request: { url: '/convert?amount=2&from=EUR&to=USD,HTG' },
        status: 200,
        body: { values: { USD: '2.30' }, missing: ['HTG'] },
      },
      { request: put('HAITI', { value: '5', currency: 'HTG' }), status: 201 },
      {
        request: { url: '/stock/HAITI' },
        status: 200,
        body: { values: { HTG: '5.00' }, missing: ['USD', 'CAD', 'AUD'] },
      },
      noRate('/stock/HAITI?currencies=USD', 'HTG'),
    ],
  },
  {
    what: 'Pence are pence, in every spelling that says so',
    exchanges: [
      ...['GBX', 'gbx', 'GBp'].map((currency, index) => ({
        request: put('VOD.L', { value: '77.34', currency }),
        status: index === 0 ? 201 : 200,
        body: { stock: 'VOD.L', value: '77.34', currency: 'GBX' },
      })),
      // 0.7734 pounds, and 0.7734 × 1.15 ÷ 0.86393 = 1.0294… dollars.
      valued('/stock/VOD.L?currencies=USD,gbp', { GBX: '77.34', GBP: '0.77', USD: '1.03' }),
      {
        request: { url: '/stock/VOD.L?currencies=GBP&digits=4' },
        status: 200,
        body: { value: '77.34', values: { GBX: '77.3400', GBP: '0.7734' }, rates: null },
      },
      valued('/stock/AMZN?currencies=GBX', { EUR: '97.00', GBX: '8380.12' }),
      valued('/stock/AMZN?currencies=ILA,ILS', { EUR: '97.00', ILA: '34609.60', ILS: '346.10' }),
      {
        request: { url: '/rates?currencies=GBX,GBP' },
        status: 200,
        body: { rates: { GBX: '86.393', GBP: '0.86393' } },
      },
      { request: { url: '/stock/VOD.L?currencies=Usd' }, status: 400, body: { code: 'INVALID_REQUEST' } },
    ],
  },
  {
    what: 'A small price is shown as it was put, and with the digits that are asked for',
    exchanges: [
      { request: put('PENNY', { value: '0.000365', currency: 'GBP' }), status: 201 },
      {
        request: { url: '/stock/PENNY?currencies=GBP' },
        status: 200,
        body: { value: '0.000365', currency: 'GBP', values: { GBP: '0.00' } },
      },
      valued('/stock/PENNY?currencies=USD,JPY&digits=8', { GBP: '0.00036500', USD: '0.00048586', JPY: '0.07752231' }),
      valued('/stock/AMZN?currencies=JPY,KWD&digits=0', { EUR: '97', JPY: '17799', KWD: '34' }),
    ],
  },
  {
    what: 'An amount is converted without a stock',
    exchanges: [
      {
        request: { url: '/convert?amount=12.50&from=eur&to=usd,JPY,USD' },
        status: 200,
        body: { amount: '12.50', from: 'EUR', values: { USD: '14.38', JPY: '2294' }, rates: { source: 'reference' } },
      },
      {
        request: { url: '/convert?amount=1&from=GBX' },
        status: 200,
        body: { values: { USD: '0.01', CAD: '0.02', AUD: '0.02' } },
      },
      {
        request: { url: '/convert?amount=7734&from=GBX&to=GBP&digits=3' },
        status: 200,
        body: { from: 'GBX', values: { GBP: '77.340' }, rates: null },
      },
    ],
  },
  {
    what: 'A stock is deleted once',
    exchanges: [
      { request: put('BRK.B', { value: '1', currency: 'USD' }), status: 201, headers: { location: '/stock/BRK.B' } },
      { request: deletion('BRK.B'), status: 204 },
      refused(deletion('BRK.B'), 404, 'STOCKS_NOT_FOUND'),
      refused({ url: '/stock/BRK.B' }, 404, 'STOCKS_NOT_FOUND'),
      { request: put('BRK.B', { value: '2' }), status: 201, body: { currency: 'EUR' } },
    ],
  },
];
