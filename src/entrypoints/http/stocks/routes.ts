import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync } from 'fastify';
import type { Static } from 'typebox';
import { within } from '../../../adapters/common/deadline.ts';
import { storeUnavailable } from '../../../domain/shared/domain-error.ts';
import type { Conversion } from '../../../domain/stocks/conversion.ts';
import type { ConvertAmount } from '../../../domain/stocks/convert-amount.ts';
import type { DeleteStock } from '../../../domain/stocks/delete-stock.ts';
import type { FindStocks } from '../../../domain/stocks/find-stocks.ts';
import type { ListRates } from '../../../domain/stocks/list-rates.ts';
import type { PutStock } from '../../../domain/stocks/put-stock.ts';
import type { Provenance } from '../../../domain/stocks/rates.ts';
import type { Stock } from '../../../domain/stocks/stock.ts';
import type { ValueStock } from '../../../domain/stocks/value-stock.ts';
import { preconditionIn } from '../preconditions.ts';
import { recordChange } from '../record-change.ts';
import { pageRequest, timestamp } from '../schemas.ts';
import * as schemas from './schemas.ts';

export interface StocksRoutesOptions {
  readonly putStock: PutStock;
  readonly deleteStock: DeleteStock;
  readonly findStocks: FindStocks;
  readonly valueStock: ValueStock;
  readonly convertAmount: ConvertAmount;
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
          description: 'Each with the value that was put, in no order that means anything.',
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
          description:
            'Without `currencies`: those of `DEFAULT_CURRENCIES`. Where the source of rates has none for some of them, ' +
            '`missing` names these; 502 is the answer where it has none for any that the request names.',
          params: schemas.StockParams,
          querystring: schemas.ValueQuery,
          response: { 200: schemas.ValueBody },
        },
      },
      async ({ params: { stockId }, query: { currencies, digits } }, reply) => {
        const valued = await options.valueStock.execute(stockId, currencies?.split(','), digitsOf(digits));
        const { value, currency } = valued.stock;
        reply.header('etag', etagOf(valued.stock));
        return { stock: stockId, value, currency, ...conversionBody(valued) };
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
      async (request, reply) => {
        const { stockId } = request.params;
        const precondition = preconditionIn(request.headers, etagOf);
        const { stock, before } = await inTime(options.putStock.execute(stockId, request.body, precondition));
        recordChange(request, 'stock', stockId, before && stockBody(before), stockBody(stock));
        reply.header('etag', etagOf(stock));
        if (!before) return reply.code(201).header('location', `/stock/${stockId}`).send(stockBody(stock));
        return reply.code(200).send(stockBody(stock));
      },
    );

    app.delete(
      '/stock/:stockId',
      {
        config: { key: true, problems: ['STOCKS_NOT_FOUND', 'PRECONDITION_FAILED', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'deleteStock',
          summary: 'Delete a stock',
          description: 'With `If-Match` only if it still is what that names. Deleting it again is 404.',
          params: schemas.StockParams,
          headers: schemas.PreconditionHeaders,
          response: { 204: schemas.Nothing },
        },
      },
      async (request, reply) => {
        const { stockId } = request.params;
        const stock = await inTime(options.deleteStock.execute(stockId, preconditionIn(request.headers, etagOf)));
        recordChange(request, 'stock', stockId, stockBody(stock), undefined);
        return reply.code(204).send(null);
      },
    );

    app.get(
      '/convert',
      {
        config: { problems: ['STOCKS_RATE_MISSING', 'STOCKS_RATES_UNAVAILABLE', 'STORE_UNAVAILABLE'] },
        schema: {
          tags,
          operationId: 'convertAmount',
          summary: 'Convert an amount',
          description: 'Without `to`: into those of `DEFAULT_CURRENCIES`. Rounded once, as the values of stocks are.',
          querystring: schemas.ConvertQuery,
          response: { 200: schemas.ConvertBody },
        },
      },
      async ({ query: { amount, from, to, digits } }) => {
        const query = { amount, from, to: to?.split(','), digits: digitsOf(digits) };
        const converted = await options.convertAmount.execute(query);
        return { amount, from: converted.from, ...conversionBody(converted) };
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
          description:
            'Without `base`: the source’s own. Without `currencies`: all that the source has. `missing` as for a stock.',
          querystring: schemas.RatesQuery,
          response: { 200: schemas.RatesBody },
        },
      },
      async ({ query: { base, currencies } }) => {
        const listed = await options.listRates.execute({ base, currencies: currencies?.split(',') });
        return {
          ...provenanceBody(listed),
          rates: Object.fromEntries(listed.rates),
          missing: missingBody(listed.missing),
        };
      },
    );
  };
  return plugin as FastifyPluginAsync;
};

/**
 * For what takes the store alone. Rates come in time or not at all by themselves, and the store answers before them.
 *
 * @throws DomainError `STORE_UNAVAILABLE` when the time is over
 */
async function inTime<T>(work: Promise<T>): Promise<T> {
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

const digitsOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

const missingBody = (missing: readonly string[]): string[] | undefined =>
  missing.length === 0 ? undefined : [...missing];

const conversionBody = ({ values, missing, rates }: Conversion) => ({
  values: Object.fromEntries(values),
  missing: missingBody(missing),
  rates: rates ? provenanceBody(rates) : null,
});

const provenanceBody = ({ base, asOf, source, ageSeconds, stale }: Provenance) => ({
  base,
  asOf: timestamp(asOf),
  source,
  ageSeconds,
  stale,
});
