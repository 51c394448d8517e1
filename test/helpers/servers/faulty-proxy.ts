import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProxiedRequest {
  /** Such as `TransactWriteItems`. */
  readonly operation: string;
  /** As the SDK sends it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What becomes of a request on its way to the store. */
export type Fate =
  | 'pass'
  /** The connection breaks before the store sees it. */
  | 'lose request'
  /** The store carries it out, and the connection breaks before the answer. */
  | 'lose answer'
  /** The store carries it out, and the connection breaks in the middle of the answer. */
  | 'halve answer'
  /** The store carries it out, and in the middle of the answer nothing more comes. */
  | 'stall answer'
  /** The store carries it out, and a page of some gateway comes back in place of the answer. */
  | 'garble answer'
  /** Taken, and never answered. */
  | 'silence'
  /** The store is that slow. */
  | { readonly delayMs: number }
  /** Answered in place of the store. */
  | { readonly status: number; readonly body: string };

/** The answer with which DynamoDB refuses a request. */
export const refusal = (name: string, fields: object = {}, status = 400): Fate => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name, ...fields }),
});

const GATEWAY_PAGE = Buffer.from('<html>The gateway has seen better days.</html>');

/** Stands between the real SDK and the real store, and does to requests what networks and overload do to them. */
export class FaultyProxy {
  /** Asked for each request that comes in; lets everything pass unless set. */
  fate: (request: ProxiedRequest) => Fate = () => 'pass';
  /** Every request since {@link reset}. */
  readonly requests: ProxiedRequest[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly target: string) {}

  static async start(target: string): Promise<FaultyProxy & { readonly endpoint: string; stop(): Promise<void> }> {
    const proxy = new FaultyProxy(target);
    const server = createServer((request, response) => void proxy.handle(request, response));
    server.on('connection', (socket) => {
      proxy.sockets.add(socket);
      socket.on('close', () => proxy.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return Object.assign(proxy, {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stop: async () => {
        for (const socket of proxy.sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    });
  }

  /** Lets everything pass again and forgets the requests. */
  reset(): void {
    this.fate = () => 'pass';
    this.requests.length = 0;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) as string;
    const proxied = { operation, body: JSON.parse(body) };
    this.requests.push(proxied);
    const fate = this.fate(proxied);
    if (fate === 'silence') return;
    if (fate === 'lose request') return void request.socket.destroy();
    if (typeof fate === 'object' && 'status' in fate) return void response.writeHead(fate.status).end(fate.body);

    if (typeof fate === 'object') await delay(fate.delayMs);
    if (request.socket.destroyed) return;
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== 'content-length'));
    const answer = await fetch(this.target, { method: 'POST', headers: headers as Record<string, string>, body });
    const bytes = fate === 'garble answer' ? GATEWAY_PAGE : Buffer.from(await answer.arrayBuffer());
    if (fate === 'lose answer') return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': bytes.length });
    if (fate !== 'halve answer' && fate !== 'stall answer') return void response.end(bytes);
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
      if (fate === 'halve answer') request.socket.destroy();
    });
  }
}
