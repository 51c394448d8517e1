import { httpService } from '../http-service.ts';

export interface FakeApiGateway {
  readonly endpoint: string;
  /** What each open connection was sent. */
  readonly connections: Map<string, string[]>;
  /** With which status and error the next requests are answered, instead of being done; 0 for a connection that breaks. */
  failure: readonly [status: number, type: string] | undefined;
  /** How many requests there were. */
  readonly requests: () => number;
  stop(): Promise<void>;
}

/** A server on loopback that knows `@connections` of a WebSocket API, stage `v1`. */
export async function startApiGateway(): Promise<FakeApiGateway> {
  const service = await httpService(({ method, path, body }, response) => {
    const answer = (status: number, type?: string) =>
      response
        .writeHead(status, type === undefined ? {} : { 'content-type': 'application/json', 'x-amzn-errortype': type })
        .end(type === undefined ? undefined : '{}');
    const id = decodeURIComponent(/^\/v1\/(?:@|%40)connections\/([^/]+)$/.exec(path)?.[1] ?? '');
    if (gateway.failure?.[0] === 0) return void response.destroy();
    if (gateway.failure) return void answer(...gateway.failure);
    const sent = gateway.connections.get(id);
    if (!sent) return void answer(410, 'GoneException');
    if (method === 'DELETE') gateway.connections.delete(id);
    else sent.push(body);
    answer(method === 'DELETE' ? 204 : 200);
  });
  const gateway: FakeApiGateway = {
    endpoint: `${service.url}/v1`,
    connections: new Map(),
    failure: undefined,
    requests: () => service.calls.length,
    stop: service.close,
  };
  return gateway;
}
