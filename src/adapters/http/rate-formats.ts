import { isLosslessNumber } from 'lossless-json';
import { isCurrency } from '../../domain/stocks/currencies.ts';

/** What a service says, before anything of it is trusted. */
export interface PublishedRates {
  readonly base: string;
  /** Epoch ms. */
  readonly asOf: number;
  /** Currency and rate, the rate as it is written in the answer. */
  readonly entries: readonly (readonly [currency: string, rate: string])[];
  /** Entries that had to be left out, and why. */
  readonly complaints?: readonly string[];
}

/** Between which times rates have to be, where each has its own, epoch ms. */
export interface UsableTimes {
  readonly earliest: number;
  readonly latest: number;
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
  /** Whether a refusal in an answer with status 200 is about the key or its quota, so that it will last. */
  refusesKey?(body: unknown): boolean;
  /** @throws Error that says what the answer lacks */
  read(body: unknown, usable: UsableTimes): PublishedRates;
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

/** Epoch s, also as text, to epoch ms. */
function timestamp(value: unknown): number {
  const seconds = /^\d{1,11}(?:\.0+)?$/.test(text(value) ?? '') ? Number(text(value)) : Number.NaN;
  if (Number.isNaN(seconds)) throw new Error('its timestamp is not in epoch seconds');
  return seconds * 1_000;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** A number as it is written, also where it stands as text; anything else in a form that is no number. */
function literal(value: unknown): string {
  const said = text(value);
  return said !== undefined && NUMBER.test(said) ? said : String(JSON.stringify(value));
}

const rateEntries = (rates: Fields): [string, string][] =>
  Object.entries(rates).map(([code, rate]) => [code, literal(rate)]);

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : isLosslessNumber(value) ? value.value : undefined;

/** `{ "message": … }` in place of what was asked for. */
const messageRefusal = (body: unknown): string | undefined => text(field(body, 'message'));

/** `"error": null` and `"error": false` say that there is none. */
const errorOf = (body: unknown): unknown => field(body, 'error') || undefined;

/** `{ "success": false, "error": { "code", "type", "info" } }`, also with status 200. */
function successRefusal(body: unknown): string | undefined {
  const error = errorOf(body);
  const success = field(body, 'success');
  if (error === undefined && [undefined, true, 'true'].includes(success as undefined)) return undefined;
  return text(field(error, 'type')) ?? text(field(error, 'code')) ?? 'it says that it did not succeed';
}

/** No valid key, an account that is not active, no requests left, not part of the plan. */
const KEY_ERRORS = ['101', '102', '104', '105'];

const errorRefusesKey = (body: unknown): boolean => KEY_ERRORS.includes(text(field(errorOf(body), 'code')) ?? '');

/** A row of Frankfurter v2, or why it cannot be used. */
function usableRow(row: Fields, base: string, { earliest, latest }: UsableTimes): { asOf: number } | string {
  if (row.base !== base) return 'has another base than the rest';
  try {
    const asOf = date(row.date);
    if (asOf > latest) return 'lies in the future';
    return asOf < earliest ? 'is too old' : { asOf };
  } catch {
    return 'has no valid date';
  }
}

/** How often each value is among them. */
function countsOf(values: readonly unknown[]): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The base of most rows. */
function baseOf(rows: readonly Fields[]): string {
  const counts = countsOf(rows.map(({ base }) => base));
  const [[base, count] = [], [, next] = []] = [...counts].sort(([, one], [, other]) => other - one);
  if (count === next && count !== undefined) throw new Error('its rows have different bases');
  return currency(base, 'base');
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
    // A row that is odd costs itself and no other.
    read: (body, usable) => {
      if (!Array.isArray(body) || body.length === 0) throw new Error('it is not a list of rates');
      const rows = body.filter(
        (row): row is Fields => isFields(row) && typeof row.quote === 'string' && isCurrency(row.quote),
      );
      const base = baseOf(rows);
      const counts = countsOf(rows.map(({ quote }) => quote));
      const complaints: string[] = [];
      const used = rows.flatMap((row) => {
        const quote = String(row.quote);
        const found = counts.get(row.quote) === 1 ? usableRow(row, base, usable) : 'is there twice';
        if (typeof found !== 'string') return [{ quote, rate: literal(row.rate), asOf: found.asOf }];
        complaints.push(`${quote}: the row ${found}`);
        return [];
      });
      if (used.length === 0) throw new Error(`it has no row that can be used: ${complaints.slice(0, 3).join(', ')}`);
      return {
        base,
        asOf: Math.min(...used.map(({ asOf }) => asOf)),
        entries: used.map(({ quote, rate }) => [quote, rate] as const),
        complaints,
      };
    },
  },

  /** `{ "timestamp": 1686614400, "base": "USD", "rates": { "EUR": 0.924123 } }` */
  openexchangerates: {
    baseUrl: 'https://openexchangerates.org/api',
    path: '/latest.json',
    base: 'USD',
    keyParameter: 'app_id',
    refusal: (body) =>
      errorOf(body) === undefined ? undefined : (messageRefusal(body) ?? 'it says that it did not succeed'),
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
    refusesKey: errorRefusesKey,
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
    refusesKey: errorRefusesKey,
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
