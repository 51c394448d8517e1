import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { RateService } from '../src/adapters/http/rate-formats.ts';

/** Something that real services do wrong. */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string; readonly date?: Date }
  /** The answer comes after that time, ms. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** The connection is taken and nothing is ever said. */
  | { readonly kind: 'hang' }
  /** The connection is reset in the middle of the body. */
  | { readonly kind: 'reset' }
  /** The head and half of the body come, and then nothing. */
  | { readonly kind: 'stall' }
  /** 200 with `success: false`, or what the service has in its place. */
  | { readonly kind: 'refusal' }
  /** 200 with this as body. */
  | { readonly kind: 'body'; readonly body: string }
  /** A redirect to another address. */
  | { readonly kind: 'redirect'; readonly to: string };

/** Every kind of fault, and what it is. */
export const FAULTS: Readonly<Record<Fault['kind'], string>> = {
  none: 'answers as it should',
  status: 'answers with `status`, and with `retryAfter` as `Retry-After` if that is given',
  slow: 'answers after `ms` milliseconds',
  hang: 'takes the connection and never says a word',
  reset: 'resets the connection in the middle of the body',
  stall: 'stops in the middle of the body',
  refusal: 'answers 200 with `success: false`, or with what the service has in its place',
  body: 'answers 200 with the text `body`',
  redirect: 'sends the caller on to `to`',
};

/** What the provider does from now on. Everything may also be sent as JSON to `PUT /control`. */
export interface ProviderState {
  fault: Fault;
  /** The fault ends by itself after so many requests. */
  faultsLeft: number | undefined;
  base: string;
  /** Epoch ms; formats that know dates only round it down to the day. */
  asOf: number;
  /** Rates as JSON text, so that anything can stand where a rate should: `1.10`, `-1`, `"NaN"`, `1e400`. */
  rates: Record<string, string>;
  etag: string | undefined;
  cacheControl: string | undefined;
  /** `Age` of the answer, s. */
  age: number | undefined;
  gzip: boolean;
  /** The key that the services with keys want, if any. */
  key: string | undefined;
}

export interface FakeRateProvider {
  readonly url: string;
  readonly state: ProviderState;
  /** Requests for rates so far; those answered 304 are among them. */
  readonly requests: readonly { readonly url: string; readonly etag: string | undefined; readonly status: number }[];
  stop(): Promise<void>;
}

export const DEFAULT_RATES: Readonly<Record<string, string>> = {
  EUR: '1',
  USD: '1.0855',
  JPY: '185.304',
  GBP: '0.86393',
  CAD: '1.5774',
  AUD: '1.6305',
  KWD: '0.330000000001',
  XCG: '1.94',
};

const initialState = (): ProviderState => ({
  fault: { kind: 'none' },
  faultsLeft: undefined,
  base: 'EUR',
  asOf: Date.parse(day(Date.now())),
  rates: { ...DEFAULT_RATES },
  etag: undefined,
  cacheControl: undefined,
  age: undefined,
  gzip: false,
  key: undefined,
});

/** Which service is asked, by the end of the path, so that any prefix may stand before it. */
const SERVICES: readonly (readonly [path: string, service: RateService])[] = [
  ['/v1/latest', 'frankfurter'],
  ['/v2/rates', 'frankfurter-v2'],
  ['/latest.json', 'openexchangerates'],
  ['/latest', 'fixer'],
  ['/live', 'exchangerate-host'],
];

const KEY_PARAMETERS: Partial<Record<RateService, string>> = {
  openexchangerates: 'app_id',
  fixer: 'access_key',
  'exchangerate-host': 'access_key',
};

/**
 * A provider of rates on loopback that speaks the formats of all the services, and does wrong whatever it is told to do
 * wrong.
 *
 * @param port 0 picks a free one
 * @throws Error when nobody can listen there
 */
export async function startFakeRateProvider({ port = 0 } = {}): Promise<FakeRateProvider> {
  const state = initialState();
  const requests: { url: string; etag: string | undefined; status: number }[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/control') {
      void control(state, requests, request, response);
      return;
    }
    const entry = { url: request.url ?? '', etag: request.headers['if-none-match'], status: 0 };
    requests.push(entry);
    response.on('close', () => {
      entry.status = response.statusCode;
    });
    answer(state, request, response);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function control(
  state: ProviderState,
  requests: readonly unknown[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await text(request);
  response.setHeader('content-type', 'application/json');
  try {
    if (request.method === 'PUT') Object.assign(state, readState(body));
    response.end(JSON.stringify({ requests: requests.length, state }));
  } catch (error) {
    response.statusCode = 400;
    response.end(JSON.stringify({ message: (error as Error).message }));
  }
}

/** @throws Error that says what is wrong with it */
function readState(body: string): Partial<ProviderState> {
  const change = JSON.parse(body);
  const unknown = Object.keys(change).filter((name) => !Object.hasOwn(initialState(), name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown}; known: ${Object.keys(initialState())}`);
  if (change.fault && !Object.hasOwn(FAULTS, change.fault.kind))
    throw new Error(`unknown kind of fault: ${change.fault.kind}; known: ${Object.keys(FAULTS)}`);
  return change;
}

function answer(state: ProviderState, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://localhost');
  const service = SERVICES.find(([path]) => url.pathname.endsWith(path))?.[1];
  const keyParameter = service && KEY_PARAMETERS[service];
  if (!service) send(response, 404, '{"message":"not found"}', state);
  else if (keyParameter && state.key !== undefined && url.searchParams.get(keyParameter) !== state.key)
    send(response, service === 'openexchangerates' ? 401 : 200, refusal(service, url.search), state);
  else answerWith(nextFault(state), service, state, request, response);
}

function nextFault(state: ProviderState): Fault {
  const { fault } = state;
  if (state.faultsLeft !== undefined && --state.faultsLeft <= 0) {
    state.fault = { kind: 'none' };
    state.faultsLeft = undefined;
  }
  return fault;
}

function answerWith(
  fault: Fault,
  service: RateService,
  state: ProviderState,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const body = table(service, state);
  switch (fault.kind) {
    case 'none': {
      const isUnchanged = state.etag !== undefined && request.headers['if-none-match'] === state.etag;
      send(response, isUnchanged ? 304 : 200, isUnchanged ? '' : body, state);
      break;
    }
    case 'status':
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
      if (fault.date !== undefined) response.setHeader('date', fault.date.toUTCString());
      send(response, fault.status, '{"message":"out of order"}', state);
      break;
    case 'slow':
      setTimeout(() => send(response, 200, body, state), fault.ms);
      break;
    case 'hang':
      break;
    case 'reset':
    case 'stall':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.write(body.slice(0, body.length / 2), () => {
        if (fault.kind === 'reset') request.socket.resetAndDestroy();
      });
      break;
    case 'refusal':
      send(response, 200, refusal(service, new URL(request.url ?? '', 'http://localhost').search), state);
      break;
    case 'body':
      send(response, 200, fault.body, state);
      break;
    case 'redirect':
      response.setHeader('location', fault.to);
      send(response, 302, '', state);
      break;
  }
}

function send(response: ServerResponse, status: number, body: string, state: ProviderState): void {
  const { etag, cacheControl, age, gzip } = state;
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
  if (status === 200 || status === 304) {
    if (etag !== undefined) headers.etag = etag;
    if (cacheControl !== undefined) headers['cache-control'] = cacheControl;
    if (age !== undefined) headers.age = String(age);
  }
  if (gzip && body !== '') headers['content-encoding'] = 'gzip';
  response.writeHead(status, headers);
  response.end(gzip && body !== '' ? gzipSync(body) : body);
}

/** What a service says instead of a table; it repeats the request, key and all, as careless services do. */
function refusal(service: RateService, query: string): string {
  switch (service) {
    case 'frankfurter':
      return '{"message":"not found"}';
    case 'frankfurter-v2':
      return '{"status":422,"message":"invalid currency"}';
    case 'openexchangerates':
      return `{"error":true,"status":401,"message":"invalid_app_id ${query}","description":"Invalid App ID provided."}`;
    case 'fixer':
    case 'exchangerate-host':
      return `{"success":false,"error":{"code":101,"type":"invalid_access_key ${query}","info":"No valid key."}}`;
  }
}

const seconds = (time: number): number => Math.floor(time / 1_000);
const day = (time: number): string => new Date(time).toISOString().slice(0, 10);

function table(service: RateService, { base, asOf, rates }: ProviderState): string {
  const object = (entries: [string, string][]): string => `{${entries.map(([k, v]) => `"${k}":${v}`).join(',')}}`;
  const others = Object.entries(rates).filter(([code]) => code !== base);
  switch (service) {
    case 'frankfurter':
      return `{"amount":1.0,"base":"${base}","date":"${day(asOf)}","rates":${object(others)}}`;
    case 'frankfurter-v2': {
      const row = ([code, rate]: [string, string]): string =>
        `{"date":"${day(asOf)}","base":"${base}","quote":"${code}","rate":${rate}}`;
      return `[${Object.entries(rates).map(row).join(',')}]`;
    }
    case 'openexchangerates':
      return `{"disclaimer":"","license":"","timestamp":${seconds(asOf)},"base":"${base}","rates":${object(Object.entries(rates))}}`;
    case 'fixer':
      return `{"success":true,"timestamp":${seconds(asOf)},"base":"${base}","date":"${day(asOf)}","rates":${object(Object.entries(rates))}}`;
    case 'exchangerate-host': {
      const quotes = others.map(([code, rate]): [string, string] => [`${base}${code}`, rate]);
      return `{"success":true,"terms":"","privacy":"","timestamp":${seconds(asOf)},"source":"${base}","quotes":${object(quotes)}}`;
    }
  }
}
