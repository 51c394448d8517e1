import * as Type from 'typebox';
import { Id, MapOf, Timestamp } from '../schemas.ts';

export { PreconditionHeaders } from '../preconditions.ts';
export { PageQuery } from '../schemas.ts';

const Currency = Type.String({ pattern: '^[A-Za-z]{3}$', description: 'a currency of ISO 4217, such as EUR' });
const Currencies = Type.String({
  pattern: '^[A-Za-z]{3}(,[A-Za-z]{3})*$',
  description: 'currencies of ISO 4217 with commas between them, such as USD,JPY',
});
const Decimal = Type.String({ pattern: '^(0|[1-9][0-9]*)(\\.[0-9]+)?$' });

export const StockParams = Type.Object({ stockId: Id });

export const ValueQuery = Type.Object({ currencies: Type.Optional(Currencies) }, { additionalProperties: false });

export const RatesQuery = Type.Object(
  { base: Type.Optional(Currency), currencies: Type.Optional(Currencies) },
  { additionalProperties: false },
);

export const NewValue = Type.Object(
  {
    value: Type.String({
      pattern: '^(0|[1-9][0-9]{0,17})(\\.[0-9]{1,8})?$',
      description: 'a decimal number in text, such as "97.00": up to 18 digits and, after a point, up to 8 more',
    }),
    currency: Type.Optional(Currency),
  },
  { additionalProperties: false },
);

const stockFields = {
  stock: Type.String(),
  value: Decimal,
  currency: Type.String(),
  updatedAt: Timestamp,
};

const etag = Type.String({ description: 'Names what was put' });

export const StockBody = Type.Object(stockFields, {
  title: 'Stock',
  description: 'The stock with its new value',
  headers: { etag },
});

export const CreatedStock = Type.Object(stockFields, {
  title: 'Stock',
  description: 'The new stock',
  headers: { location: Type.String({ description: 'Path of the stock' }), etag },
});

export const StockList = Type.Object(
  { stocks: Type.Array(Type.Object(stockFields, { title: 'Stock' })), nextCursor: Type.Optional(Type.String()) },
  { description: 'A page of stocks, with `nextCursor` while there are more' },
);

const provenanceFields = {
  base: Type.String(),
  asOf: Type.String({ format: 'date-time', description: 'The source’s own time of its rates' }),
  source: Type.String({ description: 'The source’s name in `RATE_SOURCES`' }),
  ageSeconds: Type.Integer({ description: 'Since the source last confirmed these rates' }),
  stale: Type.Boolean({ description: 'Whether they are past their freshness' }),
};

export const ValueBody = Type.Object(
  {
    stock: Type.String(),
    values: MapOf(Decimal, {
      description: 'By currency, each with its minor digits of ISO 4217; the stock’s own first',
    }),
    rates: Type.Union([Type.Object(provenanceFields), Type.Null()], {
      description: 'What the conversion rests on; null if only the stock’s own currency was asked for',
    }),
  },
  { title: 'StockValue', description: 'The value of the stock in each currency', headers: { etag } },
);

export const RatesBody = Type.Object(
  {
    ...provenanceFields,
    rates: MapOf(Decimal, { description: 'Price of one unit of the base, by currency' }),
  },
  { title: 'Rates', description: 'Rates, and what they rest on' },
);
