import * as Type from 'typebox';
import { priceUnits } from '../../../domain/stocks/currencies.ts';
import { STOCK_ID_PATTERN } from '../../../domain/stocks/stock.ts';
import { exampleOf } from '../examples.ts';
import { DOCUMENTED, MapOf, NextCursor, Timestamp } from '../schemas.ts';

export { PreconditionHeaders } from '../preconditions.ts';
export { PageQuery } from '../schemas.ts';

const PENCE = 'GBX, ZAC and ILA are hundredths of GBP, ZAR and ILS';
const Currency = Type.String({
  title: 'Currency',
  pattern: '^[A-Za-z]{3}$',
  description: `a currency of ISO 4217, such as EUR or eur; ${PENCE}`,
  examples: ['EUR'],
  [DOCUMENTED]: { pattern: undefined, enum: priceUnits },
});
const anyUnit = `(${priceUnits.join('|')})`;
const Currencies = Type.String({
  title: 'Currencies',
  pattern: '^[A-Za-z]{3}(,[A-Za-z]{3})*$',
  description: `currencies of ISO 4217 with commas between them, such as USD,JPY; ${PENCE}`,
  examples: ['USD,JPY'],
  [DOCUMENTED]: { pattern: `^${anyUnit}(,${anyUnit})*$` },
});
const decimal = (options: Type.TStringOptions = {}) =>
  Type.String({ pattern: '^(0|[1-9][0-9]*)(\\.[0-9]+)?$', ...options });
const Decimal = decimal();

const Digits = Type.String({
  pattern: '^[0-8]$',
  description: 'a whole number from 0 to 8: the digits of all values, in place of those of their currencies',
});
/** An amount as people put it. */
const Amount = Type.String({
  pattern: '^(0|[1-9][0-9]{0,17})(\\.[0-9]{1,8})?$',
  description: 'a decimal number in text, such as "97.00": up to 18 digits and, after a point, up to 8 more',
  examples: ['97.00'],
});

export const StockParams = Type.Object({
  stockId: Type.String({
    pattern: STOCK_ID_PATTERN.source,
    description: '1–64 letters, digits, dots, _ and -, with a letter or digit first',
    examples: ['AMZN'],
  }),
});

export const ValueQuery = Type.Object(
  { currencies: Type.Optional(Currencies), digits: Type.Optional(Digits) },
  { additionalProperties: false },
);

export const ConvertQuery = Type.Object(
  { amount: Amount, from: Currency, to: Type.Optional(Currencies), digits: Type.Optional(Digits) },
  { additionalProperties: false },
);

export const RatesQuery = Type.Object(
  { base: Type.Optional(Currency), currencies: Type.Optional(Currencies) },
  { additionalProperties: false },
);

export const NewValue = Type.Object(
  {
    value: Amount,
    currency: Type.Optional(Currency),
  },
  { additionalProperties: false },
);

const stockFields = {
  stock: Type.String({ examples: ['AMZN'] }),
  value: decimal({ description: 'As it was put', examples: ['97.00'] }),
  currency: Type.String({ examples: ['EUR'] }),
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
  { stocks: Type.Array(Type.Object(stockFields, { title: 'Stock' })), nextCursor: NextCursor },
  { description: 'A page of stocks, with `nextCursor` while there are more' },
);

const provenanceFields = {
  base: Type.String({ examples: ['EUR'] }),
  asOf: Type.String({
    format: 'date-time',
    description: 'The source’s own time of its rates',
    examples: ['2027-01-01T00:00:00.000Z'],
  }),
  source: Type.String({ description: 'The source’s name in `RATE_SOURCES`', examples: ['frankfurter'] }),
  ageSeconds: Type.Integer({ description: 'Since the source last confirmed these rates', examples: [12] }),
  stale: Type.Boolean({ description: 'Whether they are past their freshness', examples: [false] }),
};

const Missing = Type.Optional(
  Type.Array(Type.String(), {
    description:
      'Currencies that were asked for and for which the source has no usable rate; left out if there are none',
  }),
);
const Values = MapOf(Decimal, {
  description: 'By currency, each with its minor digits of ISO 4217 unless `digits` says otherwise',
  examples: [{ EUR: '97.00', USD: '105.30', JPY: '17974' }],
});
const Provenance = Type.Object(provenanceFields);
const Rates = Type.Union([Provenance, Type.Null()], {
  examples: [exampleOf(Provenance)],
  description: 'What the conversion rests on; null if no rates were needed',
});

export const ValueBody = Type.Object(
  {
    stock: Type.String({ examples: ['AMZN'] }),
    value: decimal({ description: 'As it was put', examples: ['97.00'] }),
    currency: Type.String({ description: 'Of `value`, and the first in `values`', examples: ['EUR'] }),
    values: Values,
    missing: Missing,
    rates: Rates,
  },
  { title: 'StockValue', description: 'The value of the stock in each currency', headers: { etag } },
);

export const ConvertBody = Type.Object(
  {
    amount: decimal({ examples: ['97.00'] }),
    from: Type.String({ examples: ['EUR'] }),
    values: Values,
    missing: Missing,
    rates: Rates,
  },
  { description: 'The amount in each currency' },
);

export const RatesBody = Type.Object(
  {
    ...provenanceFields,
    rates: MapOf(Decimal, {
      description: 'Price of one unit of the base, by currency',
      examples: [{ USD: '1.0855', JPY: '185.3' }],
    }),
    missing: Missing,
  },
  { title: 'Rates', description: 'Rates, and what they rest on' },
);

export const Nothing = Type.Null({ description: 'Done' });
