import { expect } from '@jest/globals';
import type { HttpRequest } from '../../helpers/http.ts';
import { get, invalid, nothing, refused, send, withKey } from '../requests.ts';
import type { Difference, Exchange, Scenario } from '../scenario.ts';

const put = (stockId: string, body: unknown): HttpRequest => withKey('PUT', `/stock/${stockId}`, body);
const created = (stockId: string, body: object): Exchange => ({
  request: put(stockId, body),
  status: 201,
  headers: { location: `/stock/${stockId}` },
  body: { stock: stockId, ...body },
});
const DECIMAL = expect.stringMatching(/^\d+\.\d\d$/);

const inAnotherOrder: readonly Difference[] = [
  {
    runtimes: ['deployed stack'],
    because: 'stocks are listed in the order of their table, which an emulator of AWS has otherwise',
    headers: { 'content-length': expect.anything() },
    body: { stocks: [expect.anything()] },
  },
];

/** They hold whatever the source of rates is. */
export const stocksParityScenarios: readonly Scenario[] = [
  {
    what: 'makes a stock, changes it, and keeps its value as it was given',
    exchanges: [
      created('ACME', { value: '8100.50', currency: 'JPY' }),
      { request: put('ACME', { value: '8100.500' }), status: 200, body: { value: '8100.500', currency: 'JPY' } },
      {
        request: put('%41CME', { value: '0.00000001', currency: 'eur' }),
        status: 200,
        body: { stock: 'ACME', currency: 'EUR' },
      },
    ],
  },
  {
    what: 'values a stock in currencies, in lower case and repeated too',
    exchanges: [
      created('VALUED', { value: '97.00', currency: 'EUR' }),
      {
        request: get('/stock/VALUED'),
        status: 200,
        body: { values: { EUR: '97.00', USD: DECIMAL, CAD: DECIMAL, AUD: DECIMAL } },
      },
      {
        request: get('/stock/VALUED?currencies=usd,JPY,USD'),
        status: 200,
        body: { values: { USD: DECIMAL, JPY: expect.stringMatching(/^\d+$/) }, rates: { base: 'EUR' } },
      },
      { request: get('/stock/VALUED?currencies=usd%2CJPY'), status: 200, body: { values: { USD: DECIMAL } } },
      { request: get('/stock/VALUED?currencies=%55SD'), status: 200, body: { values: { USD: DECIMAL } } },
      { request: get('/stock/VALUED?currencies=EUR'), status: 200, body: { values: { EUR: '97.00' }, rates: null } },
      { request: send('HEAD', '/stock/VALUED?currencies=EUR'), status: 200, body: '' },
    ],
  },
  {
    what: 'refuses currencies that are none',
    exchanges: [
      ...['', ',', 'USD,', 'USD;JPY', 'USD+JPY', 'USD,%20JPY', 'XAU', 'BGN', '%EF%BC%B5SD', '%00'].map((currencies) =>
        invalid(get(`/stock/VALUED?currencies=${currencies}`), 'currencies'),
      ),
      ...['Usd', 'GBx', 'EUR,gBP'].map((currencies) =>
        invalid(get(`/stock/VALUED?currencies=${currencies}`), 'currencies'),
      ),
      invalid(get('/stock/VALUED?digits=9'), 'digits'),
      invalid(get('/stock/VALUED?currencies=USD&currencies=JPY'), 'currencies'),
      invalid(get('/rates?base='), 'base'),
      invalid(get('/rates?base=EUR&base=USD'), 'base'),
      invalid(get('/rates?symbols=USD'), 'symbols'),
    ],
  },
  {
    what: 'refuses values that are none',
    exchanges: [
      ...[97, '97,00', '1e3', '٣', ' 97', '97\n', '-1', '', null].map((value) =>
        invalid(put('BAD', { value }), 'value'),
      ),
      invalid(put('BAD', { value: '1', currency: 'XAU' }), 'currency'),
      invalid(put('BAD', { value: '1', stock: 'BAD' }), 'stock'),
      invalid(put('B%20AD', { value: '1' }), 'stockId'),
      refused(send('PUT', '/stock/BAD', { value: '1' }), 401, 'UNAUTHORIZED'),
      refused(get('/stock/BAD'), 404, 'STOCKS_NOT_FOUND'),
    ],
  },
  {
    what: 'lists rates, its source’s own and crossed',
    exchanges: [
      {
        request: get('/rates'),
        status: 200,
        body: { base: 'EUR', source: expect.any(String), asOf: expect.any(String) },
      },
      {
        request: get('/rates?base=usd&currencies=JPY,EUR'),
        status: 200,
        body: { base: 'USD', rates: { EUR: expect.any(String) } },
      },
      { request: get('/rates?currencies=USD%2CEUR&base=JPY'), status: 200, body: { base: 'JPY' } },
    ],
  },
  {
    what: 'lists stocks page by page',
    exchanges: [
      created('LIST-1', { value: '1', currency: 'EUR' }),
      created('LIST-2', { value: '2', currency: 'EUR' }),
      {
        request: get('/stock?limit=1'),
        status: 200,
        body: { stocks: [expect.anything()], nextCursor: expect.any(String) },
        differences: inAnotherOrder,
      },
      {
        request: (answers) => get(`/stock?limit=1&cursor=${JSON.parse(answers[2]?.body ?? '{}').nextCursor}`),
        status: 200,
        body: { stocks: [expect.anything()] },
        differences: inAnotherOrder,
      },
      invalid(get('/stock?limit=0'), 'limit'),
      invalid(get('/stock?cursor=%21'), 'cursor'),
    ],
  },
  {
    what: 'knows pence, chosen digits, and currencies without a rate',
    exchanges: [
      {
        ...created('VOD.L', { value: '77.34', currency: 'GBX' }),
        request: put('VOD.L', { value: '77.34', currency: 'GBp' }),
      },
      {
        request: get('/stock/VOD.L?currencies=GBP&digits=4'),
        status: 200,
        body: { value: '77.34', currency: 'GBX', values: { GBX: '77.3400', GBP: '0.7734' }, rates: null },
      },
      {
        request: get('/stock/VOD.L?currencies=USD,KPW'),
        status: 200,
        body: { values: { GBX: '77.34', USD: DECIMAL }, missing: ['KPW'] },
      },
      refused(get('/stock/VOD.L?currencies=KPW'), 502, 'STOCKS_RATE_MISSING'),
    ],
  },
  {
    what: 'converts an amount',
    exchanges: [
      {
        request: get('/convert?amount=12.50&from=eur&to=USD,KPW'),
        status: 200,
        body: { amount: '12.50', from: 'EUR', values: { USD: DECIMAL }, missing: ['KPW'], rates: { base: 'EUR' } },
      },
      { request: get('/convert?amount=1&from=EUR'), status: 200, body: { values: { USD: DECIMAL, CAD: DECIMAL } } },
      refused(get('/convert?amount=1&from=KPW&to=EUR'), 502, 'STOCKS_RATE_MISSING'),
      invalid(get('/convert?amount=-1&from=EUR'), 'amount'),
      invalid(get('/convert?from=EUR'), 'amount'),
      invalid(get('/convert?amount=1&from=BGN'), 'from'),
    ],
  },
  {
    what: 'deletes a stock, once',
    exchanges: [
      created('GONE.A', { value: '1', currency: 'EUR' }),
      refused(send('DELETE', '/stock/GONE.A'), 401, 'UNAUTHORIZED'),
      nothing(withKey('DELETE', '/stock/GONE.A')),
      refused(withKey('DELETE', '/stock/GONE.A'), 404, 'STOCKS_NOT_FOUND'),
      refused(get('/stock/GONE.A'), 404, 'STOCKS_NOT_FOUND'),
    ],
  },
];
