import { type RateFormat, type RateService, rateFormats } from '../../adapters/http/rate-formats.ts';
import { REFERENCE_DATE } from '../../adapters/memory/reference-rates.ts';
import { isPriceUnit } from '../../domain/stocks/currencies.ts';
import type { FreshnessRules } from '../../domain/stocks/freshness.ts';
import type { CoreConfig } from './core.ts';
import { listOf, oneOf, type Settings, table, type Values, wholeNumber } from './settings.ts';

/** A source of rates as it is configured. */
export interface ConfiguredSource {
  readonly name: RateService | 'reference';
  /** In place of the service's own address, with its key as a query parameter. */
  readonly url?: URL;
}

const SOURCE_NAMES: readonly string[] = [...Object.keys(rateFormats), 'reference'];
const YEAR_SECONDS = 31_536_000;

export const settings = {
  CACHE: {
    meaning:
      'Where rates, and the lease for renewing them, are cached: in the process (`memory`) or for all processes (`redis`).',
    fallback: 'memory',
    parse: oneOf('memory', 'redis'),
  },
  REDIS_URL: {
    meaning:
      'Address of Redis, `redis://…` or `rediss://…`, with the number of a database as its path if that is not 0; needed ' +
      'with `CACHE=redis`. One server of version 5 or later, or a primary behind one address: neither Redis Cluster ' +
      '(ElastiCache Serverless, cluster mode) nor Sentinel is supported.',
    parse: parseRedisUrl,
  },
  RATE_SOURCES: {
    meaning:
      'Where rates come from, in order of preference with commas between them: `frankfurter`, `frankfurter-v2`, ' +
      '`openexchangerates`, `fixer`, `exchangerate-host`, or `reference`, the table of ' +
      `${REFERENCE_DATE} that is shipped with the project. Each may carry its address and its key: ` +
      '`openexchangerates=https://openexchangerates.org/api?app_id=KEY`. Plain http only where the address says so.',
    fallback: 'reference',
    parse: listOf(parseSource),
  },
  RATES_TTL_SECONDS: {
    meaning: 'How long a table of rates is fresh, unless its `Cache-Control: max-age` says longer.',
    fallback: '20',
    parse: wholeNumber(1, YEAR_SECONDS),
  },
  RATES_MAX_FRESH_SECONDS: {
    meaning: 'How long a table of rates is fresh at most.',
    fallback: '3600',
    parse: wholeNumber(1, YEAR_SECONDS),
  },
  RATES_MAX_STALE_SECONDS: {
    meaning:
      'How long after the end of its freshness a table of rates may still be served when every source fails. ' +
      'The `reference` table, where it is listed, answers after that.',
    fallback: '86400',
    parse: wholeNumber(0, YEAR_SECONDS),
  },
  RATES_MAX_AS_OF_AGE_SECONDS: {
    meaning:
      'How old the time may be that a source itself gives its rates. A source with an older table counts as failing, and ' +
      'where each rate has its own date, older ones are left out. Does not apply to `reference`.',
    fallback: '604800',
    parse: wholeNumber(1, 100 * YEAR_SECONDS),
  },
  DEFAULT_CURRENCIES: {
    meaning: 'Currencies in which a stock is valued when the request names none.',
    fallback: 'USD,CAD,AUD',
    parse: listOf((text) => {
      if (!isPriceUnit(text))
        throw new Error('must be currencies of ISO 4217 with commas between them, such as USD,JPY');
      return text;
    }),
  },
  ROUNDING: {
    meaning:
      'How an amount halfway between two others is rounded: `half-up` to the greater, `half-even` to the even one.',
    fallback: 'half-up',
    parse: oneOf('half-up', 'half-even'),
  },
  STOCKS_TABLE: table('stocks', 'stocks'),
} satisfies Settings;

export type StocksConfig = CoreConfig & Values<typeof settings>;

export const check = (config: StocksConfig): readonly string[] => {
  const { RATES_TTL_SECONDS: ttl, RATES_MAX_FRESH_SECONDS: maxFresh, RATES_MAX_AS_OF_AGE_SECONDS: maxAsOfAge } = config;
  return [
    ...(config.CACHE === 'redis' && !config.REDIS_URL ? ['REDIS_URL is needed with CACHE=redis'] : []),
    ...(ttl > maxFresh ? [`RATES_TTL_SECONDS must not be above RATES_MAX_FRESH_SECONDS (${maxFresh})`] : []),
    ...(maxFresh > maxAsOfAge
      ? [`RATES_MAX_FRESH_SECONDS must not be above RATES_MAX_AS_OF_AGE_SECONDS (${maxAsOfAge})`]
      : []),
  ];
};

export const notices = (config: StocksConfig): readonly string[] => [
  ...(config.CACHE === 'memory' && config.REDIS_URL ? ['REDIS_URL is not used without CACHE=redis'] : []),
  ...(liveSources(config).length === 0
    ? [`RATE_SOURCES names no live source: values rest on the reference rates of ${REFERENCE_DATE}`]
    : []),
  ...namesNeverAsked(config).map((name) => `RATE_SOURCES has ${name} after reference, where it is never asked`),
  ...liveSources(config).flatMap(({ name, url }) => {
    const { keyParameter }: RateFormat = rateFormats[name];
    return keyParameter && !url?.searchParams.has(keyParameter)
      ? [`RATE_SOURCES has no key for ${name}: add it as ${keyParameter}=…`]
      : [];
  }),
];

/** The sources that are asked over HTTP. Whatever comes after `reference` never has its turn. */
export function liveSources({ RATE_SOURCES }: StocksConfig): readonly { name: RateService; url?: URL | undefined }[] {
  const live: { name: RateService; url?: URL | undefined }[] = [];
  for (const { name, url } of RATE_SOURCES) {
    if (name === 'reference') break;
    live.push({ name, url });
  }
  return live;
}

const namesNeverAsked = ({ RATE_SOURCES }: StocksConfig): readonly string[] =>
  RATE_SOURCES.map(({ name }) => name).slice(
    RATE_SOURCES.findIndex(({ name }) => name === 'reference') + 1 || Infinity,
  );

export const hasReference = ({ RATE_SOURCES }: StocksConfig): boolean =>
  RATE_SOURCES.some(({ name }) => name === 'reference');

export const freshnessRules = (config: StocksConfig): FreshnessRules => ({
  ttlMs: config.RATES_TTL_SECONDS * 1_000,
  maxFreshMs: config.RATES_MAX_FRESH_SECONDS * 1_000,
  maxStaleMs: config.RATES_MAX_STALE_SECONDS * 1_000,
  maxAsOfAgeMs: config.RATES_MAX_AS_OF_AGE_SECONDS * 1_000,
});

/** No complaint repeats the text, which may hold a password. */
function parseRedisUrl(text: string): string {
  if (!/^rediss?:\/\/[^/]/.test(text) || !URL.canParse(text))
    throw new Error('must be an address that begins with redis:// or rediss://');
  const { pathname, search, hash } = new URL(text);
  if (search !== '' || hash !== '' || text.endsWith('?')) throw new Error('must be an address without a query');
  if (!/^\/?$|^\/\d{1,9}$/.test(pathname)) throw new Error('must have the number of a database as its path, or none');
  return text;
}

/** `name` or `name=address`. No complaint repeats the text, which may hold a key. */
function parseSource(text: string): ConfiguredSource {
  const [, name = '', address] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (!isSourceName(name)) throw new Error(`must name sources of this list: ${SOURCE_NAMES.join(', ')}`);
  if (address === undefined) return { name };
  if (name === 'reference') throw new Error('must name reference without an address');
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.hash)
    throw new Error(
      'must have addresses that begin with http:// or https://, with a key as the service’s own parameter',
    );
  const { path, keyParameter }: RateFormat = rateFormats[name];
  if (holdsPath(url.pathname, path)) throw new Error(`must have the address of ${name} without its own path, ${path}`);
  if (keyParameter && url.searchParams.getAll(keyParameter).some((key) => key.trim() === ''))
    throw new Error(`must have a key of ${name} that is not empty, or no ${keyParameter}`);
  return { name, url };
}

/** Whether an address ends as the path of a service does, or where the service's own begins: that would be asked twice over. */
function holdsPath(pathname: string, path: string): boolean {
  const given = pathname.replace(/\/+$/, '');
  const [, first] = path.split('/');
  return [`/${first}`, ...Object.values(rateFormats).map((format) => format.path)].some((end) => given.endsWith(end));
}

const isSourceName = (name: string): name is ConfiguredSource['name'] => SOURCE_NAMES.includes(name);
