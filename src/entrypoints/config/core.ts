import { parseApiKeys } from '../http/api-keys.ts';
import { isLoopback } from '../loopback.ts';
import {
  baseUrl,
  contact,
  listOf,
  matching,
  oneOf,
  origin,
  type Settings,
  type Values,
  wholeNumber,
} from './settings.ts';

/** Settings of the service itself; each context adds its own. */
export const coreSettings = {
  HOST: {
    meaning: 'Address on which the service listens.',
    fallback: '127.0.0.1',
    parse: matching(/^\S+$/, 'must be an address or the name of a host'),
  },
  PORT: {
    meaning: 'Port on which it listens; 0 picks a free one.',
    fallback: '8080',
    parse: wholeNumber(0, 65_535),
  },
  LOG_LEVEL: {
    meaning: 'Least severe level that is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
    fallback: 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  },
  METRICS_NAMESPACE: {
    meaning:
      'CloudWatch namespace of the metrics. If it is set, they are written to the log in CloudWatch’s embedded metric format.',
    parse: matching(/^[A-Za-z0-9_.\-/#]{1,255}$/, 'may have letters, digits, _, ., -, / and #'),
  },
  STORAGE: {
    meaning:
      'Where data is kept: on the `disk` of this machine, for one process; in `memory`, where it ends with the process; in ' +
      '`dynamodb`, for any number of processes.',
    fallback: 'disk',
    parse: oneOf('disk', 'memory', 'dynamodb'),
  },
  DATA_DIR: {
    meaning:
      'Folder of the data with `STORAGE=disk`, made if it is not there; on a local disk, and used by one process at a time.',
    fallback: './data',
    parse: matching(/^[^\0]+$/, 'must be the path of a folder'),
  },
  AWS_REGION: {
    meaning:
      'Region of DynamoDB; needed with `STORAGE=dynamodb`. Credentials and `AWS_ENDPOINT_URL` are the AWS SDK’s own settings.',
    parse: matching(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be the name of a region, such as eu-west-1'),
  },
  AWS_ENDPOINT_URL_DYNAMODB: {
    meaning: 'Address of DynamoDB and its streams, if not the one of AWS: an emulator, or an endpoint of a VPC.',
    parse: baseUrl,
  },
  AWS_ENDPOINT_URL_DYNAMODB_STREAMS: {
    meaning:
      'Address of DynamoDB Streams, before `AWS_ENDPOINT_URL_DYNAMODB`: an interface endpoint of a VPC for them has no ' +
      'private DNS and serves nothing else.',
    parse: baseUrl,
  },
  TABLE_PREFIX: {
    meaning: 'Prefix of the names of all tables that have no setting of their own.',
    fallback: 'portside-',
    parse: matching(/^[A-Za-z0-9_.-]{1,200}$/, 'may have letters, digits, _, . and -'),
  },
  PUBLIC_BASE_URL: {
    meaning:
      'Public address in front of the routes, spelled as Twilio is told it; several are separated by commas, and any of ' +
      'them may be the one that Twilio calls. A path is allowed, and requests find their routes with and without it; a ' +
      'closing slash is ignored.',
    parse: listOf(baseUrl),
  },
  TRUST_PROXY: {
    meaning:
      'How many proxies in front are believed about the client’s address, which is then read from `X-Forwarded-For`: ' +
      '1 behind one load balancer, 2 behind a CDN and a load balancer. API Gateway in front of the function is none of them.',
    fallback: '0',
    parse: wholeNumber(0, 10),
  },
  CORS_ORIGINS: {
    meaning:
      'Origins whose pages may call the API from a browser, such as `https://app.example.org`, with commas between; `*` lets ' +
      'every page read what needs no key, and nothing else.',
    parse: listOf(origin),
  },
  ROLE: {
    meaning:
      '`api` serves requests, `worker` does the background work and serves `/healthz`, `/readyz` and `/metrics` only, ' +
      '`all` does both. A role other than `all` needs a store that processes can share.',
    fallback: 'all',
    parse: oneOf('all', 'api', 'worker'),
  },
  API_KEYS: {
    meaning:
      'Keys for the routes that change things and for all routes of tasks, `name=key,name=key` or `{ "name": "key" }`; a key has 16 to 128 characters, ' +
      'and no name is `schedule` or `token`, by which histories name changes without a key. ' +
      'If none is given, one is made and printed: with `STORAGE=disk` once, with `STORAGE=memory` at each start.',
    parse: parseApiKeys,
  },
  METRICS_KEY: {
    meaning: 'Key that `/metrics` then needs, as `Authorization: Bearer <key>`; 16 to 128 characters.',
    parse: matching(/^[\x21-\x7e]{16,128}$/, 'must have 16 to 128 visible ASCII characters'),
  },
  SECURITY_CONTACT: {
    meaning:
      'Where to tell of a weakness: a `mailto:`, `https:` or `tel:` address, which `/.well-known/security.txt` then names.',
    parse: contact,
  },
  SWEEP_SECONDS: {
    meaning:
      'Seconds between sweeps, which look for polls past their end, expired tasks and leases, and lost wake-ups. The same ' +
      'in every process: delayed tasks are set aside and brought back by it.',
    fallback: '15',
    parse: wholeNumber(1, 3_600),
  },
  STOP_SECONDS: {
    meaning:
      'Seconds within which SIGTERM ends the process, calls of runners that are under way included: these may go on until ' +
      'four seconds before. Whatever starts the process must wait longer than that before it kills it.',
    fallback: '10',
    parse: wholeNumber(10, 900),
  },
  DRAIN_SECONDS: {
    meaning:
      'Seconds after SIGTERM in which requests are still accepted, within `STOP_SECONDS`: for as long as a load balancer may ' +
      'not know yet that the process is going to end.',
    fallback: '0',
    parse: wholeNumber(0, 5),
  },
} satisfies Settings;

export type CoreConfig = Values<typeof coreSettings>;

/** Whether the process keeps its data itself, in memory or on its disk. */
export const isEmbedded = ({ STORAGE }: Pick<CoreConfig, 'STORAGE'>): boolean => STORAGE !== 'dynamodb';

/** Whether nobody but people on this machine can reach the service, by itself or through a proxy. */
export const isForThisMachine = (config: Pick<CoreConfig, 'STORAGE' | 'HOST' | 'PUBLIC_BASE_URL'>): boolean =>
  isEmbedded(config) && isLoopback(config.HOST) && config.PUBLIC_BASE_URL === undefined;

/** Below this many characters a key may be one that people make up and others guess. */
const SAFE_KEY_LENGTH = 32;

/** What whoever runs the service should know of these settings, a sentence each. */
export const coreNotices = ({ API_KEYS = [] }: CoreConfig): string[] =>
  API_KEYS.filter(({ key }) => key.length < SAFE_KEY_LENGTH).map(
    ({ name }) =>
      `API_KEYS: the key ${name} has fewer than ${SAFE_KEY_LENGTH} characters and may be guessed; ` +
      'replace it by one of `openssl rand -base64 24`',
  );

/** Rules between these settings: a sentence for each that is broken. */
export function checkCore({ STORAGE, AWS_REGION, API_KEYS, ROLE }: CoreConfig): string[] {
  if (STORAGE !== 'dynamodb')
    return ROLE === 'all' ? [] : [`ROLE ${ROLE} needs STORAGE=dynamodb, since ${STORAGE} cannot be shared`];
  return [
    ...(AWS_REGION ? [] : ['AWS_REGION is needed with STORAGE=dynamodb']),
    ...(API_KEYS || ROLE === 'worker' ? [] : ['API_KEYS is needed with STORAGE=dynamodb']),
  ];
}

/** Where the streams of DynamoDB are; undefined where the SDK knows it by itself. */
export const streamsEndpoint = (
  config: Pick<CoreConfig, 'AWS_ENDPOINT_URL_DYNAMODB' | 'AWS_ENDPOINT_URL_DYNAMODB_STREAMS'>,
): string | undefined => config.AWS_ENDPOINT_URL_DYNAMODB_STREAMS ?? config.AWS_ENDPOINT_URL_DYNAMODB;
