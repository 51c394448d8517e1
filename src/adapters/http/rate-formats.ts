import { isLosslessNumber } from 'lossless-json';
import { isCurrency } from '../../domain/stocks/currencies.ts';

/** What a service says, before anything of it is trusted. */
export interface PublishedRates {
  readonly base: string;
  /** Epoch ms. */
  readonly asOf: number;
  /** Currency and rate, the rate as it is written in the answer. */
  readonly entries: readonly (readonly [currency: string, rate: string])[];
}

/** How one kind of service is asked and how its answer reads. */
export interface RateFormat {
  /** Where the service itself is, with the path prefix before `path`. */
  readonly baseUrl: string;
  /** All that it publishes now, in its own base. */
  readonly path: string;
  /** The base in which it publishes unless asked otherwise. The answer's own word counts. */
  readonly base: string;
  /** The query parameter of its key, if it works with keys only. */
  readonly keyParameter?: string;
  /**
   * Why the service refuses, if it says so in its answer, whatever the status.
   *
   * @param body JSON in which numbers are `LosslessNumber`s
   */
  refusal(body: unknown): string | undefined;
  /** @throws Error that says what the answer lacks */
  read(body: unknown): PublishedRates;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);

function fields(value: unknown, name: string): Fields {
  if (!isFields(value)) throw new Error(`${name} is not an object`);
  return value;
}

const field = (body: unknown, name: string): unknown =>
  isFields(body) && Object.hasOwn(body, name) ? body[name] : undefined;

function currency(value: unknown, name: string): string {
  if (typeof value !== 'string' || !isCurrency(value)) throw new Error(`${name} is not a currency`);
  return value;
}

/** Midnight UTC of a date such as 2026-08-21, epoch ms. */
function date(value: unknown): number {
  const time =
    typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) ? Date.parse(`${value}T00:00:00.000Z`) : Number.NaN;
  // A date that the month does not have comes back as another one.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(String(value)))
    throw new Error('its date is not a valid date');
  return time;
}

/** Epoch s to epoch ms. */
function timestamp(value: unknown): number {
  const seconds = isLosslessNumber(value) && /^\d{1,11}$/.test(value.value) ? Number(value.value) : Number.NaN;
  if (Number.isNaN(seconds)) throw new Error('its timestamp is not in epoch seconds');
  return seconds * 1_000;
}

/** A number as it is written; anything else in a form that is no number. */
const literal = (value: unknown): string => (isLosslessNumber(value) ? value.value : JSON.stringify(value));

const rateEntries = (rates: Fields): [string, string][] =>
  Object.entries(rates).map(([code, rate]) => [code, literal(rate)]);

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : isLosslessNumber(value) ? value.value : undefined;

/** `{ "message": … }` in place of what was asked for. */
const messageRefusal = (body: unknown): string | undefined => text(field(body, 'message'));

/** `{ "success": false, "error": { "code", "type", "info" } }`, also with status 200. */
function successRefusal(body: unknown): string | undefined {
  const error = field(body, 'error');
  const success = field(body, 'success');
  if (error === undefined && (success === undefined || success === true)) return undefined;
  return text(field(error, 'type')) ?? text(field(error, 'code')) ?? 'it says that it did not succeed';
}

export const rateFormats = {
  /** `{ "amount": 1.0, "base": "EUR", "date": "2026-08-21", "rates": { "USD": 1.0855 } }` */
  frankfurter: {
    baseUrl: 'https://api.frankfurter.dev',
    path: '/v1/latest',
    base: 'EUR',
    refusal: messageRefusal,
    read: (body) => {
      const amount = field(body, 'amount');
      if (amount !== undefined && !/^1(\.0+)?$/.test(literal(amount))) throw new Error('its rates are not for 1 unit');
      return {
        base: currency(field(body, 'base'), 'base'),
        asOf: date(field(body, 'date')),
        entries: rateEntries(fields(field(body, 'rates'), 'rates')),
      };
    },
  },

  /** `[{ "date": "2026-08-21", "base": "EUR", "quote": "USD", "rate": 1.0855 }]`, each row with its own date */
  'frankfurter-v2': {
    baseUrl: 'https://api.frankfurter.dev',
    path: '/v2/rates',
    base: 'EUR',
    refusal: messageRefusal,
    read: (body) => {
      if (!Array.isArray(body) || body.length === 0) throw new Error('it is not a list of rates');
      const rows = body.map((row) => fields(row, 'a row'));
      const base = currency(rows[0]?.base, 'base');
      if (rows.some((row) => row.base !== base)) throw new Error('its rows have different bases');
      const entries = rows.map((row) => [String(row.quote), literal(row.rate)] as const);
      if (new Set(entries.map(([quote]) => quote)).size < rows.length)
        throw new Error('it has two rates for a currency');
      return { base, asOf: Math.min(...rows.map((row) => date(row.date))), entries };
    },
  },

  /** `{ "timestamp": 1686614400, "base": "USD", "rates": { "EUR": 0.924123 } }` */
  openexchangerates: {
    baseUrl: 'https://openexchangerates.org/api',
    path: '/latest.json',
    base: 'USD',
    keyParameter: 'app_id',
    refusal: (body) =>
      field(body, 'error') === undefined ? undefined : (messageRefusal(body) ?? 'it says that it did not succeed'),
    read: (body) => ({
      base: currency(field(body, 'base'), 'base'),
      asOf: timestamp(field(body, 'timestamp')),
      entries: rateEntries(fields(field(body, 'rates'), 'rates')),
    }),
  },

  /** `{ "success": true, "timestamp": 1519296206, "base": "EUR", "date": "2026-08-21", "rates": { "USD": 1.0855 } }` */
  fixer: {
    baseUrl: 'https://data.fixer.io/api',
    path: '/latest',
    base: 'EUR',
    keyParameter: 'access_key',
    refusal: successRefusal,
    read: (body) => {
      const at = field(body, 'timestamp');
      return {
        base: currency(field(body, 'base'), 'base'),
        asOf: at === undefined ? date(field(body, 'date')) : timestamp(at),
        entries: rateEntries(fields(field(body, 'rates'), 'rates')),
      };
    },
  },

  /** `{ "success": true, "timestamp": 1430401802, "source": "USD", "quotes": { "USDEUR": 0.924123 } }` */
  'exchangerate-host': {
    baseUrl: 'https://api.exchangerate.host',
    path: '/live',
    base: 'USD',
    keyParameter: 'access_key',
    refusal: successRefusal,
    read: (body) => {
      const base = currency(field(body, 'source'), 'source');
      const quotes = rateEntries(fields(field(body, 'quotes'), 'quotes'));
      return {
        base,
        asOf: timestamp(field(body, 'timestamp')),
        entries: quotes
          .filter(([pair]) => pair.startsWith(base))
          .map(([pair, rate]) => [pair.slice(base.length), rate] as const),
      };
    },
  },
} as const satisfies Readonly<Record<string, RateFormat>>;

/** A service by its name in `RATE_SOURCES`. */
export type RateService = keyof typeof rateFormats;
