import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync } from 'fastify';
import type { Static } from 'typebox';
import { storeUnavailable } from '../../../domain/shared/domain-error.ts';
import type { FindStocks } from '../../../domain/stocks/find-stocks.ts';
import type { ListRates } from '../../../domain/stocks/list-rates.ts';
import type { PutStock } from '../../../domain/stocks/put-stock.ts';
import type { Provenance } from '../../../domain/stocks/rates.ts';
import type { Stock } from '../../../domain/stocks/stock.ts';
import type { ValueStock } from '../../../domain/stocks/value-stock.ts';
import { within } from '../../deadline.ts';
import { preconditionIn } from '../preconditions.ts';
import { pageRequest, timestamp } from '../schemas.ts';
import * as schemas from './schemas.ts';

export interface StocksRoutesOptions {
  readonly putStock: PutStock;
  readonly findStocks: FindStocks;
  readonly valueStock: ValueStock;
  readonly listRates: ListRates;
}

/** An answer comes within 3 s, whatever fails. */
const ANSWER_BUDGET_MS = 2_900;
const tags = ['stocks'];

export const stocksRoutes = (options: StocksRoutesOptions): FastifyPluginAsync => {
  const plugin: FastifyPluginAsyncTypebox = async (app) => {
    app.get(
      '/stock',
      {
        config: { problems: ['STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'listStocks',
          summary: 'List stocks',
          querystring: schemas.PageQuery,
          response: { 200: schemas.StockList },
        },
      },
      async ({ query }) => {
        const page = await inTime(options.findStocks.list(pageRequest(query)));
        return { stocks: page.items.map(stockBody), nextCursor: page.nextCursor };
      },
    );

    app.get(
      '/stock/:stockId',
      {
        config: {
          problems: ['STOCKS_NOT_FOUND', 'STOCKS_RATE_MISSING', 'STOCKS_RATES_UNAVAILABLE', 'STORE_UNAVAILABLE'],
        },
        schema: {
          tags,
          operationId: 'getStock',
          summary: 'Value a stock in currencies',
          description: 'Without `currencies`: those of `DEFAULT_CURRENCIES`.',
          params: schemas.StockParams,
          querystring: schemas.ValueQuery,
          response: { 200: schemas.ValueBody },
        },
      },
      async ({ params: { stockId }, query: { currencies } }, reply) => {
        const { stock, values, rates } = await inTime(options.valueStock.execute(stockId, currencies?.split(',')));
        reply.header('etag', etagOf(stock));
        return { stock: stockId, values: Object.fromEntries(values), rates: rates ? provenanceBody(rates) : null };
      },
    );

    app.put(
      '/stock/:stockId',
      {
        config: { key: true, problems: ['PRECONDITION_FAILED', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'putStock',
          summary: 'Set the value of a stock',
          description: 'A new stock is in EUR unless a currency is given; one that exists keeps its currency.',
          params: schemas.StockParams,
          headers: schemas.PreconditionHeaders,
          body: schemas.NewValue,
          response: { 200: schemas.StockBody, 201: schemas.CreatedStock },
        },
      },
      async ({ params: { stockId }, headers, body }, reply) => {
        const precondition = preconditionIn(headers, etagOf);
        const { stock, created } = await inTime(options.putStock.execute(stockId, body, precondition));
        reply.header('etag', etagOf(stock));
        if (created) return reply.code(201).header('location', `/stock/${stockId}`).send(stockBody(stock));
        return reply.code(200).send(stockBody(stock));
      },
    );

    app.get(
      '/rates',
      {
        config: { problems: ['STOCKS_RATE_MISSING', 'STOCKS_RATES_UNAVAILABLE', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'listRates',
          summary: 'List exchange rates',
          description: 'Without `base`: the source’s own. Without `currencies`: all that the source has.',
          querystring: schemas.RatesQuery,
          response: { 200: schemas.RatesBody },
        },
      },
      async ({ query: { base, currencies } }) => {
        const listed = await inTime(options.listRates.execute({ base, currencies: currencies?.split(',') }));
        return { ...provenanceBody(listed), rates: Object.fromEntries(listed.rates) };
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

/** @throws DomainError `STORE_UNAVAILABLE` when the time is over: rates have a budget of their own inside of this one */
async function inTime<T extends object>(work: Promise<T>): Promise<T> {
  const answer = await within(ANSWER_BUDGET_MS, work);
  if (answer === 'late') throw storeUnavailable(new Error(`no answer within ${ANSWER_BUDGET_MS} ms`));
  return answer;
}

/** Names what was put, and not what it is worth now. */
const etagOf = ({ value, currency, updatedAt }: Stock): string => `"${value}-${currency}-${updatedAt}"`;

const stockBody = ({ stockId, value, currency, updatedAt }: Stock): Static<typeof schemas.StockBody> => ({
  stock: stockId,
  value,
  currency,
  updatedAt: timestamp(updatedAt),
});

const provenanceBody = ({ base, asOf, source, ageSeconds, stale }: Provenance) => ({
  base,
  asOf: timestamp(asOf),
  source,
  ageSeconds,
  stale,
});
