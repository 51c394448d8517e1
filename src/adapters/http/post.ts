import { lookup as resolve } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction, Socket } from 'node:net';

export interface PostRequest {
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: string;
  /** Ends the call, the reading of its answer included. */
  readonly signal: AbortSignal;
  /** Whether an address may be connected to that the host of the URL has. It is not asked about a URL with an address. */
  readonly allows: (address: string) => boolean;
}

/** A request has no answer. */
export class Unanswered extends Error {
  /**
   * @param reached whether something of the request may have come to a service
   * @param isStale whether the connection was one of earlier requests, and not a byte came back on it
   */
  constructor(
    cause: unknown,
    readonly reached: boolean,
    readonly isStale: boolean,
  ) {
    super('no answer', { cause });
    this.name = 'Unanswered';
  }
}

/** A host has no address that may be connected to. */
export class AddressRefused extends Error {}

const CLIENTS = { 'http:': http, 'https:': https };
/** Services close idle connections; one that is left for so long, ms, is not used again. */
const IDLE_MS = 5_000;
const KEPT_ALIVE = { keepAlive: true, timeout: IDLE_MS } as const;

/** Sends `POST` requests, on connections that it keeps unless it is told not to. Follows no redirects, and uses no proxies of the environment. */
export class HttpPoster {
  private readonly agents: Readonly<Record<keyof typeof CLIENTS, http.Agent | false>>;

  /** @param keepsConnections without them, no request is sent twice */
  constructor(keepsConnections = true) {
    this.agents = keepsConnections
      ? { 'http:': new http.Agent(KEPT_ALIVE), 'https:': new https.Agent(KEPT_ALIVE) }
      : { 'http:': false, 'https:': false };
  }

  /**
   * Resolves with the head of the answer. A kept connection may be closed by the service while the request is on its
   * way; such a request is sent again, once, on a new one.
   *
   * @throws Unanswered
   */
  async post(url: URL, request: PostRequest): Promise<http.IncomingMessage> {
    try {
      return await send(url, request, this.agents[protocolOf(url)]);
    } catch (error) {
      if (!(error instanceof Unanswered && error.isStale) || request.signal.aborted) throw error;
      return send(url, request, false);
    }
  }
}

const protocolOf = ({ protocol }: URL) => (protocol === 'https:' ? protocol : 'http:');

function send(
  url: URL,
  { headers, body, signal, allows }: PostRequest,
  agent: http.Agent | false,
): Promise<http.IncomingMessage> {
  const protocol = protocolOf(url);
  return new Promise((answered, failed) => {
    const lookup = onlyAllowed(allows);
    const request = CLIENTS[protocol].request(url, { method: 'POST', headers, agent, signal, lookup });
    let reached = false;
    let hasAnswer = (): boolean => false;
    request.on('socket', (socket: Socket) => {
      const before = socket.bytesRead;
      hasAnswer = () => socket.bytesRead > before;
      // Nothing is sent before the connection is made, which is a matter of TLS too.
      if (request.reusedSocket) reached = true;
      else socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => (reached = true));
    });
    request.on('response', answered);
    const fail = (cause: unknown): void => failed(new Unanswered(cause, reached, request.reusedSocket && !hasAnswer()));
    request.on('error', fail);
    // An unrequested protocol upgrade ends the request without an error.
    request.on('close', () => fail(new Error('closed without an answer')));
    request.end(body);
  });
}

/** Resolves a name to those of its addresses that may be connected to. */
const onlyAllowed =
  (allows: (address: string) => boolean): LookupFunction =>
  (host, options, found) =>
    resolve(host, { ...options, all: true }, (error, all) => {
      if (error) return found(error, []);
      const addresses = all.filter(({ address }) => allows(address));
      const [first] = addresses;
      if (!first) return found(new AddressRefused(), []);
      return options.all ? found(null, addresses) : found(null, first.address, first.family);
    });
